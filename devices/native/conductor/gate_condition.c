#include "conductor/gate_condition.h"

/* The place of the first occurrence, or NULL; neither text ends at a NUL. */
static const char *find(const char *text, size_t length, const char *wanted, size_t wanted_length)
{
    if (wanted_length == 0)
        return text;
    for (const char *end = text + length; (size_t)(end - text) >= wanted_length; text++) {
        text = memchr(text, *wanted, (size_t)(end - text) - wanted_length + 1);
        if (text == NULL || memcmp(text, wanted, wanted_length) == 0)
            return text;
    }
    return NULL;
}

static size_t digits(const char *at)
{
    size_t count = 0;
    while (at[count] >= '0' && at[count] <= '9')
        count++;
    return count;
}

/* A decimal number: what strtod takes but for hexadecimal ones, infinities and what is not a number. */
static bool read_decimal(const char *at, double *value)
{
    const char *start = at, *end;
    at += *at == '+' || *at == '-';
    size_t whole = digits(at);
    at += whole;
    size_t fraction = *at == '.' ? digits(at + 1) : 0;
    if (whole + fraction == 0)
        return false;
    at += *at == '.' ? fraction + 1 : 0;
    if (*at == 'e' || *at == 'E') {
        size_t sign = at[1] == '+' || at[1] == '-', exponent = digits(at + 1 + sign);
        at += exponent != 0 ? 1 + sign + exponent : 0;
    }
    end = at;
    /* A copy with an end of its own: of 0x10 only the 0 is decimal. */
    struct bytes number = {0};
    bytes_add(&number, start, (size_t)(end - start));
    *value = strtod(number.data, NULL);
    bytes_free(&number);
    return true;
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct gate_value gate_value_read(const struct gate_condition *condition, const char *text, size_t length)
{
    struct gate_value value = {.kind = VALUE_UNREADABLE};
    size_t after = strlen(condition->after);
    const char *at = find(text, length, condition->after, after), *end = text + length;
    if (at == NULL)
        return value;
    at += after;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (condition->bound == BOUND_SAME || condition->bound == BOUND_NONE_OF) {
        value.word = at;
        while (at < end && !is_space(*at))
            at++;
        value.length = (size_t)(at - value.word);
        value.kind = value.length != 0 ? VALUE_WORD : VALUE_UNREADABLE;
    } else if (read_decimal(at, &value.number)) {
        value.number *= condition->scale;
        value.kind = value.number - value.number == 0.0 ? VALUE_NUMBER : VALUE_UNREADABLE;
    }
    return value;
}

static bool is_word(const struct gate_value *value, const char *word, size_t length)
{
    return value->length == length && memcmp(value->word, word, length) == 0;
}

bool gate_value_holds(const struct gate_condition *condition, const struct gate_value *value,
                      const struct gate_value *first)
{
    switch (condition->bound) {
    case BOUND_AT_MOST: return value->number <= condition->limit;
    case BOUND_AT_LEAST: return value->number >= condition->limit;
    case BOUND_RISE: return value->number - first->number <= condition->limit;
    case BOUND_SAME: return is_word(value, first->word, first->length);
    case BOUND_NONE_OF:
        for (const struct json_value *word = condition->none_of->as.first; word != NULL; word = word->next)
            if (is_word(value, word->as.string, strlen(word->as.string)))
                return false;
    }
    return true;
}
