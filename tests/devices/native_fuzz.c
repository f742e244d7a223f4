/* Feeds the runner's readers what nobody would write: a good input with bytes changed, cut, repeated and put in.
 *
 *     native_fuzz plan|npy|record COUNT SEED FILE
 *
 * Prints how many inputs were taken and how many refused. A crash is the sanitizers' to find.
 */
#include "npy.h"
#include "plan.h"
#include "progress.h"

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
                                        "4294967296"};
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
    struct json_document document = {0};
    char *text = exact(bytes);
    const struct json_value *record = json_parse(&document, text, bytes->length);
    if (record != NULL)
        progress_take(progress, record);
    json_release(&document);
    free(text);
    return record != NULL;
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
        "\"latency_pair\",\"step\":1,\"pair\":0,\"order\":[\"a0\"],\"item\":\"i0\"}]}";
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
        default: taken += feed_record(&bytes, &progress); break;
        }
        bytes_free(&bytes);
    }
    printf("%lld taken, %lld refused\n", taken, count - taken);
    return 0;
}
