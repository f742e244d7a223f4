#include "browser/base64.h"

static void encode(const char *alphabet, const unsigned char *data, size_t length, char *text)
{
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at;
        uint32_t group = (uint32_t)data[at] << 16 | (left > 1 ? (uint32_t)data[at + 1] << 8 : 0) | (left > 2 ? data[at + 2] : 0);
        for (size_t k = 0; k < 4; k++)
            *text++ = k <= left ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
    *text = '\0';
}

void base64(const unsigned char *data, size_t length, char *text)
{
    encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", data, length, text);
}

void base64_for_addresses(const unsigned char *data, size_t length, char *text)
{
    encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", data, length, text);
    char *filling = strchr(text, '=');
    if (filling != NULL)
        *filling = '\0';
}
