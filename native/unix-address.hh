// Where a unix socket is: a path, or a name of the abstract namespace.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

/// `@name` is abstract: a NUL and exactly the name's bytes. 0 when it does not fit.
[[nodiscard]] socklen_t toUnixAddress(const std::string& path, sockaddr_un& address);

/// The other way; empty where there is no name.
[[nodiscard]] std::string fromUnixAddress(const sockaddr_un& address, socklen_t length);
