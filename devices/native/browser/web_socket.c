#include "browser/web_socket.h"

#define CONTROL_MAX_BYTES 125

enum { CONTINUED = 0, TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

void web_socket_accept(const char *key, char accepted[WEB_SOCKET_ACCEPT_CHARACTERS + 1])
{
    char text[SHA1_TEXT_MAX_BYTES + 1];
    unsigned char digest[SHA1_BYTES];
    int length = snprintf(text, sizeof text, "%.80s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(text, (size_t)length, digest);
    base64(digest, sizeof digest, accepted);
}

struct frame {
    bool is_last;
    int kind;
    unsigned char mask[4];
    size_t head_bytes;
    uint64_t content_bytes;
};

/* False where its head is not whole yet; `*malformed` where it is none that a browser sends. */
static bool read_head(const struct bytes *received, struct frame *frame, bool *malformed)
{
    const unsigned char *at = (const unsigned char *)received->data;
    size_t length_bytes = 0;
    if (received->length < 2)
        return false;
    /* Reserved bits have no meaning here, and what a page says is masked. */
    if ((at[0] & 0x70) != 0 || (at[1] & 0x80) == 0) {
        *malformed = true;
        return false;
    }
    frame->is_last = (at[0] & 0x80) != 0;
    frame->kind = at[0] & 0x0F;
    frame->content_bytes = at[1] & 0x7F;
    if (frame->content_bytes > CONTROL_MAX_BYTES)
        length_bytes = frame->content_bytes == 126 ? 2 : 8;
    frame->head_bytes = 2 + length_bytes + sizeof frame->mask;
    if (received->length < frame->head_bytes)
        return false;
    if (length_bytes != 0)
        frame->content_bytes = 0;
    for (size_t k = 0; k < length_bytes; k++)
        frame->content_bytes = frame->content_bytes << 8 | at[2 + k];
    memcpy(frame->mask, at + 2 + length_bytes, sizeof frame->mask);
    bool is_control = frame->kind >= CLOSE;
    *malformed = is_control && (!frame->is_last || frame->content_bytes > CONTROL_MAX_BYTES);
    return !*malformed;
}

static void unmask(char *content, size_t length, const unsigned char mask[4])
{
    for (size_t k = 0; k < length; k++)
        content[k] = (char)((unsigned char)content[k] ^ mask[k % 4]);
}

static enum web_socket_taken take_control(struct web_socket *socket, const struct frame *frame, const char *content)
{
    if (frame->kind == CLOSE)
        return SOCKET_CLOSED;
    if (frame->kind == PONG)
        return SOCKET_INCOMPLETE;
    if (frame->kind != PING)
        return SOCKET_MALFORMED;
    bytes_clear(&socket->ping);
    bytes_add(&socket->ping, content, (size_t)frame->content_bytes);
    return SOCKET_PING;
}

static enum web_socket_taken take_text(struct web_socket *socket, const struct frame *frame, const char *content)
{
    if (frame->kind != (socket->is_under_way ? CONTINUED : TEXT))
        return SOCKET_MALFORMED;
    bytes_add(&socket->message, content, (size_t)frame->content_bytes);
    socket->is_under_way = !frame->is_last;
    socket->is_whole = frame->is_last;
    return frame->is_last ? SOCKET_MESSAGE : SOCKET_INCOMPLETE;
}

enum web_socket_taken web_socket_take(struct web_socket *socket, struct bytes *received, size_t most_bytes)
{
    enum web_socket_taken taken = SOCKET_INCOMPLETE;
    struct frame frame;
    bool malformed = false;
    size_t used = 0;
    while (taken == SOCKET_INCOMPLETE) {
        struct bytes rest = {received->data + used, received->length - used, 0};
        if (rest.length == 0 || !read_head(&rest, &frame, &malformed))
            break;
        size_t before = socket->is_whole ? 0 : socket->message.length;
        if (frame.content_bytes > most_bytes || before > most_bytes - frame.content_bytes) {
            taken = SOCKET_TOO_LARGE;
            break;
        }
        if (rest.length - frame.head_bytes < frame.content_bytes)
            break;
        char *content = rest.data + frame.head_bytes;
        unmask(content, (size_t)frame.content_bytes, frame.mask);
        if (frame.kind < CLOSE && socket->is_whole) {
            bytes_clear(&socket->message);
            socket->is_whole = false;
        }
        taken = frame.kind >= CLOSE ? take_control(socket, &frame, content) : take_text(socket, &frame, content);
        used += frame.head_bytes + (size_t)frame.content_bytes;
    }
    if (used != 0) {
        memmove(received->data, received->data + used, received->length - used);
        received->length -= used;
    }
    return malformed ? SOCKET_MALFORMED : taken;
}

static void add_frame(struct bytes *out, int kind, const char *content, size_t length)
{
    unsigned char head[10] = {(unsigned char)(0x80 | kind)};
    size_t length_bytes = length <= CONTROL_MAX_BYTES ? 0 : length < 1 << 16 ? 2 : 8;
    head[1] = (unsigned char)(length_bytes == 0 ? length : length_bytes == 2 ? 126 : 127);
    for (size_t k = 0; k < length_bytes; k++)
        head[2 + k] = (unsigned char)((uint64_t)length >> 8 * (length_bytes - 1 - k));
    bytes_add(out, head, 2 + length_bytes);
    bytes_add(out, content, length);
}

void web_socket_add_text(struct bytes *out, const char *text, size_t length)
{
    add_frame(out, TEXT, text, length);
}

void web_socket_add_pong(struct bytes *out, const struct bytes *ping)
{
    add_frame(out, PONG, ping->data, ping->length);
}

void web_socket_free(struct web_socket *socket)
{
    bytes_free(&socket->message);
    bytes_free(&socket->ping);
}
