#include "browser/http_answer.h"

#include "browser/web_socket.h"

static const char common[] = "Cross-Origin-Opener-Policy: same-origin\r\n"
                             "Cross-Origin-Embedder-Policy: require-corp\r\n"
                             "Cross-Origin-Resource-Policy: cross-origin\r\n"
                             "Origin-Agent-Cluster: ?1\r\n"
                             "Cache-Control: no-store\r\n"
                             "X-Content-Type-Options: nosniff\r\n"
                             "Referrer-Policy: no-referrer\r\n"
                             "Connection: close\r\n";

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".js", "text/javascript"},
                 {".mjs", "text/javascript"},
                 {".wasm", "application/wasm"}};
    const char *ending = strrchr(name, '.');
    for (size_t k = 0; ending != NULL && k < sizeof types / sizeof *types; k++)
        if (strcmp(types[k].ending, ending) == 0)
            return types[k].type;
    return "application/octet-stream";
}

static void add_head(struct bytes *out, const char *type, int64_t content_bytes)
{
    bytes_text(out, "HTTP/1.1 200 OK\r\n");
    bytes_text(out, common);
    bytes_format(out, "Content-Type: %s\r\nContent-Length: %lld\r\n\r\n", type, (long long)content_bytes);
}

void http_answer_content(struct bytes *out, const char *name, int64_t content_bytes)
{
    add_head(out, type_of(name), content_bytes);
}

void http_answer_taken(struct bytes *out)
{
    add_head(out, "application/octet-stream", 0);
}

void http_answer_nothing(struct bytes *out)
{
    bytes_text(out, "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

void http_answer_socket(struct bytes *out, const char *socket_key)
{
    char accepted[WEB_SOCKET_ACCEPT_CHARACTERS + 1];
    web_socket_accept(socket_key, accepted);
    bytes_format(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: %s\r\n\r\n",
                 accepted);
}
