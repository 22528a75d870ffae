// Where a unix socket is: a path, or a name of the abstract namespace.
#include "unix-address.hh"

#include <cstddef>
#include <cstring>

socklen_t toUnixAddress(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  const bool isAbstract = path.starts_with('@');
  if (path.size() + (isAbstract ? 0 : 1) > sizeof address.sun_path) return 0;
  memcpy(address.sun_path, path.data(), path.size());
  if (isAbstract) address.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (isAbstract ? 0 : 1));
}

std::string fromUnixAddress(const sockaddr_un& address, socklen_t length) {
  const size_t offset = offsetof(sockaddr_un, sun_path);
  if (length <= offset) return {};
  const char* path = address.sun_path;
  const size_t size = length - offset;
  if (*path != '\0') return std::string(path, strnlen(path, size));
  return "@" + std::string(path + 1, size - 1);
}
