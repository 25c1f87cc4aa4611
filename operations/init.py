"""`muster init`: a cluster file to begin with."""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from muster.aws_names import Region
from muster.fields import ClusterName
from muster.products import PRODUCTS
from operations import ROOT
from operations.errors import Failure
from operations.files import typed
from operations.starter import starting_text
from operations.starter_values import Start

SCHEMA = ROOT / "schema" / "cluster.schema.json"


def init_command(product: str, *, name: str | None, region: str, output: Path | None) -> None:
    """Write a commented cluster file and say where; raises `Failure` (2) rather than overwrite or write a wrong one."""
    start = Start(_product(product), _valid(ClusterName, "--name", name or product), _valid(Region, "--region", region))
    folder = Path("clusters") if Path("clusters").is_dir() else Path()
    file = output or folder / f"{start.name}.yaml"
    _write(file, starting_text(start, file, _schema_seen_from(file)))
    about = PRODUCTS[start.product]
    wanted = f"the application's {about.archive}{' and its licence' if 'licence' in about.block.model_fields else ''}"
    print(f"{file}: written; put {wanted} where it says, then: ./muster check {typed(file)}")


def _product(name: str) -> str:
    if name in PRODUCTS:
        return name
    near = get_close_matches(name, PRODUCTS, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise Failure(f"no product is called {name!a}{hint}, want {' or '.join(PRODUCTS)}", code=2)


def _valid(kind: Any, option: str, value: str) -> str:
    try:
        valid: str = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise Failure(f"{option}: {error.errors()[0]['msg']}", code=2) from None
    return valid


def _schema_seen_from(file: Path) -> str | None:
    """Return the schema's path as an editor finds it from `file` of this checkout, on whatever machine; else None."""
    folder = file.resolve().parent
    return os.path.relpath(SCHEMA, folder) if folder.is_relative_to(ROOT) else None


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise Failure(f"{file} exists and stays as it is; name another file: --output FILE", code=2) from None
    except FileNotFoundError:
        raise Failure(f"there is no folder {file.parent}; make it, or name a file: --output FILE", code=2) from None
    except (OSError, ValueError) as error:
        raise Failure(f"{str(file)!a} cannot be written: {error}", code=2) from None
