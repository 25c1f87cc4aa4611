/* The least that a hop in user space costs: forwards TCP by epoll, and looks at nothing. A measure for the gate.
 *
 * forwarder LISTEN UPSTREAM: two ports of 127.0.0.1. It says "open" once it listens, and runs until it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 32768
#define BATCH 64

struct end {
    int fd;             /* -1 = closed, freed after the batch */
    int over;           /* nothing more comes from here */
    struct end *peer;
    size_t waiting;     /* bytes in `out` that this end did not take yet */
    size_t from;
    char out[CHUNK];
};

static int epoll;
static struct end *graves[2 * BATCH];
static int dead;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void want(struct end *end)
{
    struct epoll_event event = {.data.ptr = end};

    if (end->fd < 0)
        return;
    event.events = (end->waiting ? EPOLLOUT : 0) | (end->over || end->peer->waiting ? 0 : EPOLLIN);
    epoll_ctl(epoll, EPOLL_CTL_MOD, end->fd, &event);
}

static void end_both(struct end *end)
{
    struct end *both[] = {end, end->peer};

    for (int i = 0; i < 2; i++)
        if (both[i]->fd >= 0) {
            close(both[i]->fd);
            both[i]->fd = -1;
            graves[dead++] = both[i];
        }
}

static struct end *make(int fd)
{
    struct end *end = calloc(1, sizeof *end);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};
    int yes = 1;

    if (!end)
        fail("calloc");
    end->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
    return end;
}

static void take_in(int listening, const struct sockaddr_in *upstream)
{
    struct end *client, *server;
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    int to;

    if (fd < 0)
        return;
    to = socket(AF_INET, SOCK_STREAM, 0);
    if (to < 0 || connect(to, (const struct sockaddr *)upstream, sizeof *upstream)) {
        close(to);
        close(fd);
        return;
    }
    client = make(fd);
    server = make(to);
    client->peer = server;
    server->peer = client;
}

static void flush(struct end *end)
{
    ssize_t sent = send(end->fd, end->out + end->from, end->waiting, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN) {
        end_both(end);
        return;
    }
    if (sent > 0) {
        end->from += sent;
        end->waiting -= sent;
    }
    if (!end->waiting && end->peer->over)
        shutdown(end->fd, SHUT_WR);
}

static void forward(struct end *end)
{
    struct end *to = end->peer;
    ssize_t count = recv(end->fd, to->out, CHUNK, MSG_DONTWAIT);

    if (count < 0) {
        if (errno != EAGAIN)
            end_both(end);
        return;
    }
    to->from = 0;
    to->waiting = count;
    end->over = count == 0;
    if (count)
        flush(to);
    else
        shutdown(to->fd, SHUT_WR);
    if (end->over && to->over)
        end_both(end);
}

static void serve(struct end *end, unsigned events)
{
    if (end->fd < 0)
        return;
    if (events & EPOLLERR) {
        end_both(end);
        return;
    }
    if (events & EPOLLOUT && end->waiting) {
        flush(end);
        want(end);
        want(end->peer);
    }
    if (end->fd >= 0 && events & EPOLLIN) {
        forward(end);
        if (end->over || end->peer->waiting) {
            want(end);
            want(end->peer);
        }
    } else if (end->fd >= 0 && events & EPOLLHUP) {
        end_both(end);
    }
}

int main(int count, char **words)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in upstream = address;
    struct epoll_event events[BATCH], event = {.events = EPOLLIN, .data.ptr = NULL};
    int yes = 1, listening, found;

    if (count != 3)
        return 2;
    address.sin_port = htons(atoi(words[1]));
    upstream.sin_port = htons(atoi(words[2]));
    epoll = epoll_create1(0);
    listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 128))
        fail("listen");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event))
        fail("epoll_ctl");
    puts("open");
    fflush(stdout);
    while ((found = epoll_wait(epoll, events, BATCH, -1)) >= 0 || errno == EINTR) {
        for (int i = 0; i < found; i++)
            if (events[i].data.ptr)
                serve(events[i].data.ptr, events[i].events);
            else
                take_in(listening, &upstream);
        while (dead)
            free(graves[--dead]);
    }
    fail("epoll_wait");
}
