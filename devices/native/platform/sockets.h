/* What the server of pages uses of the C library beside platform.h: it has names that others are free to use. */
#ifndef BAKEOFF_SOCKETS_H
#define BAKEOFF_SOCKETS_H

#include "platform/platform.h"

#ifndef BAKEOFF_OWN_BIONIC_DECLARATIONS
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#else
/* As bionic.h. */
enum { AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000 };
enum { IPPROTO_TCP = 6, TCP_NODELAY = 1, SHUT_RDWR = 2 };
typedef unsigned socklen_t;
struct sockaddr;
struct in_addr {
    uint32_t s_addr;
};
struct in6_addr {
    uint32_t s6_addr32[4];
};
struct sockaddr_in {
    unsigned short sin_family;
    uint16_t sin_port; /* this and what follows in the order of the network */
    struct in_addr sin_addr;
    unsigned char sin_zero[8];
};
struct sockaddr_in6 {
    unsigned short sin6_family;
    uint16_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};
int accept4(int, struct sockaddr *, socklen_t *, int);
int bind(int, const struct sockaddr *, socklen_t);
int getsockname(int, struct sockaddr *, socklen_t *);
int listen(int, int);
int setsockopt(int, int, int, const void *, socklen_t);
int shutdown(int, int);
int socket(int, int, int);
#endif

#endif
