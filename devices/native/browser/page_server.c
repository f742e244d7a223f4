#include "browser/page_server.h"

#include "conductor/meanwhile.h"
#include "platform/clock.h"
#include "platform/sockets.h"

static int listen_at(const void *address, unsigned size, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)address, size) == 0 && listen(fd, CONNECTIONS_MAX) == 0)
        return fd;
    int problem = errno;
    if (fd >= 0)
        close(fd);
    errno = problem;
    return -1;
}

static uint16_t in_network_order(uint16_t number)
{
    const unsigned char bytes[2] = {(unsigned char)(number >> 8), (unsigned char)number};
    uint16_t made;
    memcpy(&made, bytes, sizeof made);
    return made;
}

bool page_server_open(struct page_server *server, struct request_pipe *requests, struct failure *failure)
{
    static const unsigned char loopback[4] = {127, 0, 0, 1};
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr_in6 address_6 = {.sin6_family = AF_INET6};
    socklen_t size = sizeof address;
    unsigned char port[2];
    memset(server, 0, sizeof *server);
    server->requests = requests;
    memcpy(&address.sin_addr, loopback, sizeof loopback);
    ((unsigned char *)&address_6.sin6_addr)[15] = 1;
    server->listening[0] = listen_at(&address, sizeof address, AF_INET);
    server->listening[1] = -1;
    if (server->listening[0] < 0 || getsockname(server->listening[0], (struct sockaddr *)&address, &size) != 0)
        return fail(failure, "OSError", "pages cannot be served at 127.0.0.1: %s", strerror(errno));
    memcpy(port, &address.sin_port, sizeof port);
    server->port = port[0] << 8 | port[1];
    /* A machine without IPv6 has one name less. */
    address_6.sin6_port = in_network_order((uint16_t)server->port);
    server->listening[1] = listen_at(&address_6, sizeof address_6, AF_INET6);
    return true;
}

bool page_server_add(struct page_server *server, struct served *served, const char *name, struct failure *failure)
{
    if (!token_draw(served->token))
        return fail(failure, "OSError", "the kernel gives no random bytes: %s", strerror(errno));
    snprintf(served->host, sizeof served->host, "%s:%d", name, server->port);
    served->next = server->served;
    server->served = served;
    return true;
}

static void drop(struct page_server *server, int k)
{
    struct connection *connection = server->connections[k];
    memmove(&server->connections[k], &server->connections[k + 1],
            (size_t)(--server->connection_count - k) * sizeof *server->connections);
    connection_close(connection);
    free(connection);
}

void page_server_remove(struct page_server *server, struct served *served)
{
    for (int k = server->connection_count - 1; k >= 0; k--)
        if (server->connections[k]->served == served)
            drop(server, k);
    for (struct served **at = &server->served; *at != NULL; at = &(*at)->next) {
        if (*at == served) {
            *at = served->next;
            break;
        }
    }
}

void page_server_address(const struct served *served, const char *name, struct bytes *address)
{
    bytes_format(address, "http://%s/%s/%s", served->host, served->token, name);
}

static struct served *find(void *of, const struct http_request *request)
{
    struct page_server *server = of;
    struct served *found = NULL;
    for (struct served *served = server->served; served != NULL; served = served->next)
        if (token_is(served->token, request->token) && strcmp(served->host, request->host) == 0)
            found = served;
    return found;
}

/* Where there are too many, the oldest that has not yet said what it wants makes room: who opens many and says nothing
 * keeps nobody else out. */
static bool make_room(struct page_server *server)
{
    for (int k = 0; server->connection_count == CONNECTIONS_MAX && k < CONNECTIONS_MAX; k++)
        if (server->connections[k]->state == CONNECTION_HEAD)
            drop(server, k);
    return server->connection_count < CONNECTIONS_MAX;
}

static void accept_one(struct page_server *server, int listening)
{
    int on = 1, fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return; /* who asked has gone, or there are no descriptors left: nothing to answer */
    if (!make_room(server)) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = allocate(1, sizeof *connection);
    connection_open(connection, fd);
    server->connections[server->connection_count++] = connection;
}

/* When the first connection that stalls will have stalled too long. */
static int64_t first_deadline_ns(const struct page_server *server)
{
    int64_t first_ns = INT64_MAX;
    for (int k = 0; k < server->connection_count; k++) {
        int64_t deadline_ns = connection_deadline_ns(server->connections[k]);
        if (deadline_ns < first_ns)
            first_ns = deadline_ns;
    }
    return first_ns;
}

void page_server_turn(struct page_server *server, int64_t until_ns)
{
    struct pollfd files[CONNECTIONS_MAX + 3];
    int count = server->connection_count;
    int64_t first_ns = first_deadline_ns(server), now_ns = clock_ns();
    for (int k = 0; k < count; k++)
        files[k] = (struct pollfd){server->connections[k]->fd, connection_awaits(server->connections[k]), 0};
    files[count] = (struct pollfd){server->requests->has_ended ? -1 : server->requests->fd, POLLIN, 0};
    for (int k = 0; k < 2; k++)
        files[count + 1 + k] = (struct pollfd){server->listening[k], POLLIN, 0};
    if (first_ns > until_ns)
        first_ns = until_ns;
    if (poll(files, (unsigned)count + 3, poll_timeout_ms(first_ns - now_ns)) < 0)
        return;
    if (files[count].revents != 0)
        request_pipe_read(server->requests);
    now_ns = clock_ns();
    for (int k = count - 1; k >= 0; k--) {
        struct connection *connection = server->connections[k];
        bool goes_on = files[k].revents == 0 ? now_ns < connection_deadline_ns(connection)
                                             : connection_go_on(connection, find, server);
        if (!goes_on)
            drop(server, k);
    }
    for (int k = 0; k < 2; k++)
        if (files[count + 1 + k].revents != 0)
            accept_one(server, server->listening[k]);
}

void page_server_close(struct page_server *server)
{
    while (server->connection_count > 0)
        drop(server, server->connection_count - 1);
    for (int k = 0; k < 2; k++)
        if (server->listening[k] >= 0)
            close(server->listening[k]);
}
