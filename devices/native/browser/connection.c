#include "browser/connection.h"

#include "browser/http_answer.h"
#include "platform/clock.h"
#include "platform/sockets.h"

#define STALL_NS INT64_C(30000000000)
#define CHUNK_BYTES 65536
#define SOCKET_BACKLOG_MAX_BYTES ((size_t)64 << 20)

void connection_open(struct connection *connection, int fd)
{
    memset(connection, 0, sizeof *connection);
    connection->fd = fd;
    connection->file = -1;
    connection->deadline_ns = clock_ns() + STALL_NS;
}

static bool has_to_send(const struct connection *connection)
{
    return connection->sent < connection->out.length || connection->file_left > 0
           || (connection->state == CONNECTION_SOCKET && connection->served->to_page.length != 0);
}

short connection_awaits(const struct connection *connection)
{
    if (connection->state == CONNECTION_ANSWER)
        return POLLOUT;
    return (short)(POLLIN | (has_to_send(connection) ? POLLOUT : 0));
}

int64_t connection_deadline_ns(struct connection *connection)
{
    bool is_silent = connection->state == CONNECTION_SOCKET && !has_to_send(connection);
    if (is_silent)
        connection->deadline_ns = INT64_MAX;
    else if (connection->deadline_ns == INT64_MAX)
        connection->deadline_ns = clock_ns() + STALL_NS;
    return connection->deadline_ns;
}

enum moved { MOVED, MOVED_NOTHING, MOVED_END };

static enum moved receive(struct connection *connection)
{
    char chunk[CHUNK_BYTES];
    ssize_t got = read(connection->fd, chunk, sizeof chunk);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? MOVED_NOTHING : MOVED_END;
    if (got == 0)
        return MOVED_END;
    bytes_add(&connection->received, chunk, (size_t)got);
    connection->deadline_ns = clock_ns() + STALL_NS;
    return MOVED;
}

/* The next part of the file, once what came before it is sent. */
static bool refill(struct connection *connection)
{
    char chunk[CHUNK_BYTES];
    size_t wanted = connection->file_left < CHUNK_BYTES ? (size_t)connection->file_left : CHUNK_BYTES;
    ssize_t got;
    while ((got = read(connection->file, chunk, wanted)) < 0 && errno == EINTR) {
    }
    if (got <= 0)
        return false; /* shorter than it was: who asked sees that the answer is not whole */
    bytes_clear(&connection->out);
    connection->sent = 0;
    bytes_add(&connection->out, chunk, (size_t)got);
    connection->file_left -= got;
    return true;
}

static enum moved send_some(struct connection *connection)
{
    for (;;) {
        if (connection->sent == connection->out.length) {
            if (connection->state == CONNECTION_SOCKET && connection->served->to_page.length != 0) {
                struct bytes emptied = connection->out;
                connection->out = connection->served->to_page;
                bytes_clear(&emptied);
                connection->served->to_page = emptied;
                connection->sent = 0;
                connection->deadline_ns = clock_ns() + STALL_NS;
            } else if (connection->file_left == 0) {
                return MOVED;
            } else if (!refill(connection)) {
                return MOVED_END;
            }
        }
        ssize_t written = write(connection->fd, connection->out.data + connection->sent,
                                connection->out.length - connection->sent);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno == EAGAIN ? MOVED_NOTHING : MOVED_END;
        connection->sent += (size_t)written;
        connection->deadline_ns = clock_ns() + STALL_NS;
    }
}

static void answer_nothing(struct connection *connection)
{
    connection->state = CONNECTION_ANSWER;
    http_answer_nothing(&connection->out);
}

static void answer_content(struct connection *connection, const char *name)
{
    struct content content;
    if (!served_content(connection->served, name, &content)) {
        answer_nothing(connection);
        return;
    }
    connection->file = open(content.path, O_RDONLY | O_CLOEXEC);
    off_t size = connection->file >= 0 ? lseek(connection->file, 0, SEEK_END) : -1;
    int64_t bytes = content.bytes >= 0 ? content.bytes : (int64_t)size - content.at;
    if (size < 0 || bytes < 0 || content.at > (int64_t)size - bytes
        || lseek(connection->file, (off_t)content.at, SEEK_SET) < 0) {
        if (connection->served->missing[0] == '\0')
            snprintf(connection->served->missing, sizeof connection->served->missing, "%s", name);
        answer_nothing(connection);
        return;
    }
    connection->state = CONNECTION_ANSWER;
    connection->file_left = bytes;
    served_note(connection->served, name, bytes);
    http_answer_content(&connection->out, name, bytes);
}

/* One socket in a page's life. */
static void answer_socket(struct connection *connection, const struct http_request *request)
{
    struct served *served = connection->served;
    if (!request->asks_for_socket || !served_is_origin(served, request->origin)) {
        answer_nothing(connection);
    } else if (served->socket != SOCKET_AWAITED) {
        served->came_again = true;
        answer_nothing(connection);
    } else {
        served->socket = SOCKET_HERE;
        connection->state = CONNECTION_SOCKET;
        http_answer_socket(&connection->out, request->socket_key);
    }
}

static void answer_request(struct connection *connection, const struct http_request *request)
{
    struct served *served = connection->served;
    if (served == NULL) {
        answer_nothing(connection);
    } else if (request->method == HTTP_PUT) {
        struct served_output *output = served_is_origin(served, request->origin)
                                           ? served_output(served, request->name, request->content_length)
                                           : NULL;
        if (output == NULL) {
            answer_nothing(connection);
            return;
        }
        output->is_given = true;
        connection->output = (size_t)(output - served->outputs);
        connection->outputs_opened = served->outputs_opened;
        connection->body_bytes = (size_t)request->content_length;
        connection->state = CONNECTION_BODY;
    } else if (strcmp(request->name, "socket") == 0) {
        answer_socket(connection, request);
    } else {
        answer_content(connection, request->name);
    }
}

static void take_head(struct connection *connection, struct served *(*find)(void *, const struct http_request *), void *of)
{
    struct http_request request;
    switch (http_request_parse(&request, connection->received.data, connection->received.length)) {
    case HTTP_INCOMPLETE: return;
    case HTTP_REFUSED: answer_nothing(connection); return;
    case HTTP_WHOLE: break;
    }
    size_t left = connection->received.length - request.head_bytes;
    memmove(connection->received.data, connection->received.data + request.head_bytes, left);
    connection->received.length = left;
    connection->served = find(of, &request);
    answer_request(connection, &request);
}

/* What came of an output goes to where it is wanted; false where more comes than was said, or it is wanted no more. */
static bool take_body(struct connection *connection)
{
    struct served *served = connection->served;
    if (served->outputs == NULL || served->outputs_opened != connection->outputs_opened)
        return false;
    struct served_output *output = &served->outputs[connection->output];
    if (connection->received.length > connection->body_bytes - output->content.length)
        return false;
    if (connection->received.length != 0)
        bytes_add(&output->content, connection->received.data, connection->received.length);
    bytes_clear(&connection->received);
    if (output->content.length == connection->body_bytes) {
        connection->state = CONNECTION_ANSWER;
        http_answer_taken(&connection->out);
    }
    return true;
}

static bool take_messages(struct connection *connection)
{
    struct served *served = connection->served;
    for (;;) {
        enum web_socket_taken taken = web_socket_take(&connection->socket, &connection->received, served->most_bytes);
        switch (taken) {
        case SOCKET_INCOMPLETE: return true;
        case SOCKET_PING:
            if (served->to_page.length > SOCKET_BACKLOG_MAX_BYTES)
                return false;
            web_socket_add_pong(&served->to_page, &connection->socket.ping);
            break;
        case SOCKET_MESSAGE:
            served->take(served->of, connection->socket.message.data, connection->socket.message.length, taken);
            break;
        case SOCKET_CLOSED: return false;
        case SOCKET_MALFORMED:
        case SOCKET_TOO_LARGE: served->take(served->of, NULL, 0, taken); return false;
        }
    }
}

bool connection_go_on(struct connection *connection, struct served *(*find)(void *, const struct http_request *), void *of)
{
    enum moved moved = connection->state == CONNECTION_ANSWER ? MOVED_NOTHING : receive(connection);
    bool has_ended = moved == MOVED_END;
    if (connection->state == CONNECTION_HEAD && moved == MOVED)
        take_head(connection, find, of);
    if (connection->state == CONNECTION_BODY && !take_body(connection))
        return false;
    if (connection->state == CONNECTION_SOCKET && connection->received.length != 0 && !take_messages(connection))
        return false;
    if (has_ended)
        return false;
    if (!has_to_send(connection))
        return true;
    moved = send_some(connection);
    return moved != MOVED_END && !(moved == MOVED && connection->state == CONNECTION_ANSWER);
}

void connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_SOCKET && connection->served != NULL)
        connection->served->socket = SOCKET_ENDED;
    shutdown(connection->fd, SHUT_RDWR);
    close(connection->fd);
    if (connection->file >= 0)
        close(connection->file);
    bytes_free(&connection->received);
    bytes_free(&connection->out);
    web_socket_free(&connection->socket);
}
