/* What the runner works out itself, one function a command:
 *
 *     native_sums number|word AFTER TEXT         what a condition reads: a number, [a word], or none
 *     native_sums histogram FILE                 latencies, one a line, as JSON
 *     native_sums settled TOLERANCE MEDIAN...    1 or 0
 */
#include "conductor/gate_condition.h"
#include "worker/histogram.h"
#include "conductor/warm_up.h"

static void print_value(enum bound bound, const char *after, const char *text)
{
    struct gate_condition condition = {.after = after, .scale = 1, .bound = bound};
    struct gate_value value = gate_value_read(&condition, text, strlen(text));
    if (value.kind == VALUE_NUMBER)
        printf("%.17g\n", value.number);
    else if (value.kind == VALUE_WORD)
        printf("[%.*s]\n", (int)value.length, value.word);
    else
        printf("none\n");
}

static void print_histogram(const char *path)
{
    static struct histogram histogram;
    struct json_writer writer = {0};
    struct bytes text = {0};
    if (!bytes_read_file(&text, path, (size_t)1 << 24))
        abort();
    histogram_clear(&histogram);
    histogram_add(&histogram, 5);
    histogram_clear(&histogram);
    for (char *at = text.data, *end; at != NULL && *at != '\0'; at = *end == '\n' ? end + 1 : NULL)
        histogram_add(&histogram, strtoll(at, &end, 10));
    json_open(&writer, '{');
    histogram_write(&writer, &histogram);
    json_close(&writer, '}');
    printf("%s\n", writer.out.data);
    bytes_free(&writer.out);
    bytes_free(&text);
}

int main(int argc, char **argv)
{
    static struct warm_up warm_up;
    if (argc == 4 && strcmp(argv[1], "number") == 0) {
        print_value(BOUND_AT_MOST, argv[2], argv[3]);
    } else if (argc == 4 && strcmp(argv[1], "word") == 0) {
        print_value(BOUND_SAME, argv[2], argv[3]);
    } else if (argc == 3 && strcmp(argv[1], "histogram") == 0) {
        print_histogram(argv[2]);
    } else if (argc > 3 && strcmp(argv[1], "settled") == 0) {
        warm_up.tolerance = strtod(argv[2], NULL);
        for (int k = 3; k < argc; k++)
            warm_up_take(&warm_up, 0, strtod(argv[k], NULL));
        printf("%d\n", warm_up_is_settled(&warm_up, 0));
    } else {
        return 2;
    }
    return 0;
}
