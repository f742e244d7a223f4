/* What one page is served under its own token, and what it may give back: the tab's, or a frame's. */
#ifndef BAKEOFF_SERVED_H
#define BAKEOFF_SERVED_H

#include "browser/http_request.h"
#include "browser/web_socket.h"
#include "json/json_reader.h"

/* The raw bytes of an input, within its file. */
struct served_input {
    char *path;
    int64_t at, bytes;
};

/* An output, while one is wanted. */
struct served_output {
    size_t most_bytes;
    bool is_given;
    struct bytes content;
};

/* A file that was served. */
struct fetched {
    const char *name; /* below `engine/`, or `model` */
    bool is_of_engine;
    int64_t bytes;
};

enum socket_state { SOCKET_AWAITED, SOCKET_HERE, SOCKET_ENDED };

#define FETCHED_MAX 64

struct served {
    char token[TOKEN_CHARACTERS + 1];
    char host[HTTP_ORIGIN_MAX_BYTES + 1]; /* the name that it is served under, with the port */
    const struct json_value *page_files;   /* name → path */
    const struct json_value *engine_files; /* the same below `engine/`; NULL of a tab */
    const char *model;                     /* NULL of a tab */
    struct served_input *inputs;
    size_t input_count;
    struct served_output *outputs; /* NULL while none is wanted */
    size_t output_count;
    unsigned outputs_opened; /* how often: what was meant for an earlier time is not taken */
    size_t refused_bytes; /* of an output that was longer than it may be */

    enum socket_state socket;
    bool came_again; /* a page asked for the socket a second time: it was loaded anew */
    struct bytes to_page; /* what is to be sent over the socket, as frames */
    size_t most_bytes;    /* of a message of the page now */
    /* A whole message came, which is given away; or NULL with what is wrong with it. */
    void (*take)(void *of, char *text, size_t length, enum web_socket_taken taken);
    void *of;

    char missing[HTTP_NAME_MAX_BYTES + 1]; /* the first name that was asked for and is not there */
    struct fetched fetched[FETCHED_MAX]; /* that were served, in the order of their names */
    int fetched_count;
    struct served *next;
};

/* A file, or a part of one, that is to be sent. */
struct content {
    const char *path;
    int64_t at;
    int64_t bytes; /* −1: to the end of it */
};

/* False where nothing is under that name. */
bool served_content(struct served *served, const char *name, struct content *content);

/* Notes that a file of the engine, or the model, was served. */
void served_note(struct served *served, const char *name, int64_t bytes);

/* The output that is put under that name, if one of that size may be now; NULL otherwise. */
struct served_output *served_output(struct served *served, const char *name, int64_t content_bytes);

/* From now on outputs are taken, one of each number. Ends with `served_close_outputs`. */
void served_open_outputs(struct served *served, const size_t *most_bytes, size_t count);
void served_close_outputs(struct served *served);

/* Takes over the inputs. */
void served_set_inputs(struct served *served, struct served_input *inputs, size_t count);

/* Whether it is `http://` and the name that it is served under. */
bool served_is_origin(const struct served *served, const char *origin);

/* Frees what it holds. */
void served_release(struct served *served);

#endif
