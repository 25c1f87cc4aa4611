"""How a server on this host answers by HTTPS, whatever its certificate: it is asked whether it lives, told nothing."""

import http.client
import ssl


def status(address: str, port: int, path: str, timeout: float) -> int:
    """Return the status with which GET `path` is answered within `timeout` seconds a step, 0 if it is not."""
    connection = http.client.HTTPSConnection(address, port, timeout=timeout, context=_any())
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _any() -> ssl.SSLContext:
    """Return what takes the certificates that products are shipped with: their own word, and keys of 1,024 bits."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
