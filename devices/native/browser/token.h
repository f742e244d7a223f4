/* A word that nobody guesses: 32 random bytes in the alphabet of addresses. */
#ifndef BAKEOFF_TOKEN_H
#define BAKEOFF_TOKEN_H

#include "platform/platform.h"

#define TOKEN_CHARACTERS 43

/* False with errno set where the kernel gives no random bytes. */
bool token_draw(char token[TOKEN_CHARACTERS + 1]);

/* In a time that does not tell how much of it is right. */
bool token_is(const char token[TOKEN_CHARACTERS + 1], const char given[TOKEN_CHARACTERS + 1]);

#endif
