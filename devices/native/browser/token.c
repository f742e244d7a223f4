#include "browser/token.h"

#include "browser/base64.h"

#define RANDOM_BYTES 32

bool token_draw(char token[TOKEN_CHARACTERS + 1])
{
    unsigned char drawn[RANDOM_BYTES];
    char text[BASE64_CHARACTERS(RANDOM_BYTES) + 1];
    size_t done = 0;
    /* The kernel's generator by its device: getrandom is younger than the oldest C libraries that this runs on. */
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && done < sizeof drawn) {
        ssize_t got = read(fd, drawn + done, sizeof drawn - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    int problem = errno;
    if (fd >= 0)
        close(fd);
    errno = problem;
    if (done != sizeof drawn)
        return false;
    base64_for_addresses(drawn, sizeof drawn, text);
    memcpy(token, text, TOKEN_CHARACTERS + 1);
    return true;
}

bool token_is(const char token[TOKEN_CHARACTERS + 1], const char given[TOKEN_CHARACTERS + 1])
{
    unsigned different = 0;
    for (int k = 0; k < TOKEN_CHARACTERS; k++)
        different |= (unsigned char)token[k] ^ (unsigned char)given[k];
    return different == 0;
}
