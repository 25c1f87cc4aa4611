import java.io.FileDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.LockSupport;

/** A client's socket that waits before each write, as if the peer were so far away. */
final class SlowSocket extends SocketImpl {
    private final long nanos;
    private SocketChannel channel;

    SlowSocket(long nanos) {
        this.nanos = nanos;
    }

    @Override
    protected void create(boolean stream) throws IOException {
        channel = SocketChannel.open();
        fd = new FileDescriptor();
    }

    @Override
    protected void connect(SocketAddress to, int timeout) throws IOException {
        channel.connect(to);
        address = ((InetSocketAddress) to).getAddress();
        port = ((InetSocketAddress) to).getPort();
        localport = ((InetSocketAddress) channel.getLocalAddress()).getPort();
    }

    @Override
    protected void connect(String host, int to) throws IOException {
        connect(new InetSocketAddress(host, to), 0);
    }

    @Override
    protected void connect(InetAddress host, int to) throws IOException {
        connect(new InetSocketAddress(host, to), 0);
    }

    @Override
    protected InputStream getInputStream() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] to, int from, int length) throws IOException {
                return length == 0 ? 0 : channel.read(ByteBuffer.wrap(to, from, length));
            }
        };
    }

    @Override
    protected OutputStream getOutputStream() {
        return new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one}, 0, 1);
            }

            @Override
            public void write(byte[] from, int place, int length) throws IOException {
                pause();
                ByteBuffer left = ByteBuffer.wrap(from, place, length);
                while (left.hasRemaining()) {
                    channel.write(left);
                }
            }
        };
    }

    private void pause() {
        long until = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = until - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public void setOption(int option, Object value) throws SocketException {
        try {
            if (option == SocketOptions.TCP_NODELAY) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, (Boolean) value);
            }
        } catch (IOException fault) {
            throw new SocketException(fault.getMessage());
        }
    }

    @Override
    public Object getOption(int option) {
        return 0;
    }

    @Override
    protected void close() throws IOException {
        channel.close();
    }

    @Override
    protected void shutdownInput() throws IOException {
        channel.shutdownInput();
    }

    @Override
    protected void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    protected int available() {
        return 0;
    }

    @Override
    protected void bind(InetAddress host, int local) throws IOException {
        channel.bind(new InetSocketAddress(host, local));
    }

    @Override
    protected void listen(int backlog) {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void accept(SocketImpl other) {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void sendUrgentData(int data) {
        throw new UnsupportedOperationException();
    }
}
