/* Feeds the runner's readers what nobody would write: a good input with bytes changed, cut, repeated and put in.
 *
 *     native_fuzz plan|npy|record|gate|http|socket COUNT SEED FILE
 *
 * Prints how many inputs were taken and how many refused. A crash is the sanitizers' to find.
 */
#include "browser/http_request.h"
#include "browser/web_socket.h"
#include "conductor/gate_condition.h"
#include "json/json_writer.h"
#include "worker/npy.h"
#include "plan/plan.h"
#include "conductor/progress.h"

static uint64_t state;

/* xorshift64: the same inputs for the same seed, on every machine. */
static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static void put(struct bytes *bytes, size_t at, size_t dropped, const char *text, size_t length)
{
    struct bytes made = {0};
    bytes_add(&made, bytes->data, at);
    bytes_add(&made, text, length);
    bytes_add(&made, bytes->data + at + dropped, bytes->length - at - dropped);
    bytes_free(bytes);
    *bytes = made;
}

/* One to four changes, any of which may make the next one land in what it made. */
static void mutate(struct bytes *bytes)
{
    static const char *const words[] = {"\"",
                                        "\\",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "null",
                                        "-1",
                                        "1e999",
                                        "\\u0000",
                                        "\\ud8",
                                        "true",
                                        "0",
                                        "00",
                                        "(",
                                        ")",
                                        "'",
                                        ",,",
                                        "9223372036854775807",
                                        "99999999999999999999",
                                        "-9223372036854775808",
                                        "\\ud800\\udc00",
                                        "\xFF\xFE",
                                        "a0",
                                        "i0",
                                        "\"a0\"",
                                        "<f8",
                                        "|u1",
                                        "False",
                                        "True",
                                        "4294967296",
                                        "0x10",
                                        "{pid}",
                                        "level:",
                                        "energy",
                                        "\r\n",
                                        "\r\n\r\n",
                                        "Host: x\r\n",
                                        "\x81\x80....",
                                        "\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                                        "\x89\x80....",
                                        "\x01\x81....a"};
    for (uint64_t changes = 1 + draw(4); changes > 0; changes--) {
        size_t at = bytes->length != 0 ? (size_t)draw(bytes->length) : 0, left = bytes->length - at;
        const char *word = words[draw(sizeof words / sizeof *words)];
        char byte = (char)draw(256);
        size_t some = left != 0 ? (size_t)draw(left < 40 ? left : 40) : 0;
        switch (draw(6)) {
        case 0:
            if (left != 0)
                bytes->data[at] = byte;
            break;
        case 1:
            if (left != 0)
                bytes->data[at] = (char)(bytes->data[at] ^ (1 << draw(8)));
            break;
        case 2: put(bytes, at, some, "", 0); break;
        case 3: put(bytes, at, some, word, strlen(word)); break;
        case 4: {
            struct bytes copy = {0};
            bytes_add(&copy, bytes->data + at, some);
            put(bytes, (size_t)draw(bytes->length + 1), 0, copy.data, copy.length);
            bytes_free(&copy);
            break;
        }
        default:
            if (draw(8) == 0)
                put(bytes, at, left, "", 0);
        }
    }
}

/* A buffer of exactly the input's size, so that reading past its end is seen. */
static char *exact(const struct bytes *bytes)
{
    char *text = allocate(bytes->length, 1);
    memcpy(text, bytes->data, bytes->length);
    return text;
}

static bool feed_plan(const struct bytes *bytes)
{
    struct plan plan = {0};
    struct json_document document = {0};
    struct bytes problem = {0};
    char *text = exact(bytes);
    bool taken = plan_parse("plan.json", text, bytes->length, &document, &plan, &problem);
    if (!taken && problem.length == 0)
        abort(); /* refused without a word */
    if (taken) {
        struct progress progress = {0};
        progress_begin(&progress, &plan);
        for (int k = 0; k < plan.step_count; k++)
            progress_is_done(&progress, k);
        free(progress.steps);
    }
    plan_release(&plan);
    json_release(&document);
    bytes_free(&problem);
    free(text);
    return taken;
}

static bool feed_npy(const struct bytes *bytes)
{
    struct tensor tensor = {0};
    struct failure failure = {"", ""};
    char *content = exact(bytes);
    bool taken = npy_parse("input.npy", (const unsigned char *)content, bytes->length, &tensor, &failure);
    if (!taken && failure.message[0] == '\0')
        abort();
    if (taken)
        free(tensor.data);
    free(content);
    return taken;
}

/* A record of an earlier session, against a plan that does not change. */
static bool feed_record(const struct bytes *bytes, struct progress *progress)
{
    struct json_document document = {.nul_is_replaced = true};
    char *text = exact(bytes);
    const struct json_value *record = json_parse(&document, text, bytes->length);
    if (record != NULL)
        progress_take(progress, record);
    json_release(&document);
    free(text);
    return record != NULL;
}

/* A probe's text: what conditions read in it, and that it is valid JSON as a reading. */
static bool feed_gate(const struct bytes *bytes)
{
    static const struct json_value word = {.kind = JSON_STRING, .as.string = "Charging"};
    static const struct json_value words = {.kind = JSON_ARRAY, .count = 1, .as.first = &word};
    static const char *const afters[] = {"level:", "", "status: ", "\n"};
    struct json_document document = {.nul_is_replaced = true};
    struct json_writer writer = {0};
    bool any = false;
    /* As probe_look gives it: a NUL follows the text. */
    char *text = allocate(bytes->length + 1, 1);
    memcpy(text, bytes->data, bytes->length);
    for (int bound = BOUND_AT_MOST; bound <= BOUND_NONE_OF; bound++) {
        for (size_t k = 0; k < sizeof afters / sizeof *afters; k++) {
            struct gate_condition condition = {
                .after = afters[k], .scale = 0.1, .bound = (enum bound)bound, .limit = 9, .none_of = &words};
            struct gate_value value = gate_value_read(&condition, text, bytes->length);
            if (value.kind == VALUE_UNREADABLE)
                continue;
            any = (gate_value_holds(&condition, &value, &value) && bound == BOUND_AT_MOST && k == 0) || any;
            if (value.kind == VALUE_NUMBER && value.number - value.number != 0.0)
                abort(); /* no number of a record */
        }
    }
    json_text(&writer, text, bytes->length);
    if (json_parse(&document, writer.out.data, writer.out.length) == NULL)
        abort(); /* a record that no later session could read */
    json_release(&document);
    bytes_free(&writer.out);
    free(text);
    return any;
}

/* The head of a request: whatever is taken has names of bounded length. */
static bool feed_http(const struct bytes *bytes)
{
    struct http_request request;
    char *text = exact(bytes);
    bool taken = http_request_parse(&request, text, bytes->length) == HTTP_WHOLE;
    if (taken && (strlen(request.token) != TOKEN_CHARACTERS || strlen(request.name) > HTTP_NAME_MAX_BYTES
                  || request.head_bytes > bytes->length || (request.asks_for_socket && request.socket_key[22] != '=')))
        abort();
    free(text);
    return taken;
}

/* What comes over a page's socket, in two parts cut anywhere. */
static bool feed_socket(const struct bytes *bytes)
{
    static const size_t most_bytes = 300;
    struct web_socket socket = {0};
    struct bytes received = {0};
    size_t first = (size_t)draw(bytes->length + 1);
    enum web_socket_taken taken = SOCKET_INCOMPLETE;
    bool any = false;
    for (int part = 0; part < 2 && (taken == SOCKET_INCOMPLETE || taken == SOCKET_MESSAGE || taken == SOCKET_PING); part++) {
        bytes_add(&received, bytes->data + (part == 0 ? 0 : first), part == 0 ? first : bytes->length - first);
        do {
            taken = web_socket_take(&socket, &received, most_bytes);
            any = any || taken == SOCKET_MESSAGE;
            if (socket.message.length > most_bytes || socket.ping.length > 125)
                abort(); /* more than may be */
        } while (taken == SOCKET_MESSAGE || taken == SOCKET_PING);
    }
    web_socket_free(&socket);
    bytes_free(&received);
    return any;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    static char small_plan[] =
        "{\"schema\":\"bakeoff.plan/1\",\"run_id\":\"r\",\"step_timeout_ns\":1,\"latency\":{\"block_target_ns\":1,"
        "\"block_min_inferences\":1,\"block_max_inferences\":1,\"lead_in_inferences\":0,\"settle_ns\":0,"
        "\"warm_up_min_blocks\":3,\"warm_up_max_blocks\":3,\"warm_up_tolerance\":1,\"max_ns\":1},\"arms\":[{\"id\":"
        "\"a0\","
        "\"model\":\"m\",\"runtime\":\"r\",\"runtime_version\":\"1\",\"threads\":1,\"worker\":[]}],\"items\":[{\"id\":"
        "\"i0\","
        "\"inputs\":{}}],\"steps\":[{\"kind\":\"warm_up\",\"step\":0,\"arms\":[\"a0\"],\"item\":\"i0\"},{\"kind\":"
        "\"latency_pair\",\"step\":1,\"pair\":0,\"order\":[\"a0\"],\"item\":\"i0\"},{\"kind\":\"energy\",\"step\":2,"
        "\"cycle\":0,\"position\":0,\"arm\":null,\"item\":\"i0\",\"duration_ns\":1},{\"kind\":\"soak\",\"step\":3,"
        "\"arm\":\"a0\",\"item\":\"i0\",\"duration_ns\":9,\"window_ns\":1}]}";
    struct bytes whole = {0}, problem = {0};
    struct plan plan = {0};
    struct json_document document = {0};
    struct progress progress = {0};
    if (!bytes_read_file(&whole, argv[4], (size_t)1 << 24))
        return 66;
    if (!plan_parse("small", small_plan, strlen(small_plan), &document, &plan, &problem))
        return 70;
    progress_begin(&progress, &plan);
    state = (uint64_t)strtoll(argv[3], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    long long count = strtoll(argv[2], NULL, 10), taken = 0;
    for (long long k = 0; k < count; k++) {
        struct bytes bytes = {0};
        bytes_add(&bytes, whole.data, whole.length);
        mutate(&bytes);
        switch (argv[1][0]) {
        case 'p': taken += feed_plan(&bytes); break;
        case 'n': taken += feed_npy(&bytes); break;
        case 'h': taken += feed_http(&bytes); break;
        case 's': taken += feed_socket(&bytes); break;
        case 'g': taken += feed_gate(&bytes); break;
        default: taken += feed_record(&bytes, &progress); break;
        }
        bytes_free(&bytes);
    }
    printf("%lld taken, %lld refused\n", taken, count - taken);
    return 0;
}
