// Numeric text as a socket address.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

/// `version` is 4 or 6; `host` is numeric, with %interface where it is link-local. The length, or -errno.
[[nodiscard]] int toInternetAddress(int version, std::string host, uint16_t port, sockaddr_storage& address);
