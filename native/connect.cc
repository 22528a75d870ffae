// Connections that acceptd itself opens, and never waits for.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

#include "address.hh"
#include "api.hh"
#include "fd.hh"
#include "unix-address.hh"

int toInternetAddress(int version, std::string host, uint16_t port, sockaddr_storage& address) {
  address = {};
  if (version == 4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1 ? static_cast<int>(sizeof v4) : -EINVAL;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (const size_t percent = host.find('%'); percent != std::string::npos) {
    v6.sin6_scope_id = if_nametoindex(host.c_str() + percent + 1);
    if (v6.sin6_scope_id == 0) return -ENODEV;
    host.resize(percent);
  }
  return inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1 ? static_cast<int>(sizeof v6) : -EINVAL;
}

namespace {

/// The same for a path or abstract name, of which the kernel knows at once whether somebody listens there.
int toStreamAddress(int version, const std::string& place, uint16_t port, sockaddr_storage& address) {
  if (version != 1) return toInternetAddress(version, place, port, address);
  address = {};
  const socklen_t length = toUnixAddress(place, reinterpret_cast<sockaddr_un&>(address));
  return length == 0 ? -ENAMETOOLONG : static_cast<int>(length);
}

/// Where nobody listens at a port of this machine, the kernel may choose that very port for our own end: then both calls
/// of TCP's simultaneous open are ours (RFC 9293, 3.5), and whoever wants to listen there finds the port taken.
bool isOwnEcho(int descriptor, const sockaddr_storage& remote, socklen_t remoteLength) {
  if (remote.ss_family != AF_INET && remote.ss_family != AF_INET6) return false;
  sockaddr_storage local = {};
  socklen_t localLength = sizeof local;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &localLength) < 0) return false;
  return localLength == remoteLength && memcmp(&local, &remote, localLength) == 0;
}

}  // namespace

/// connectStream(4 | 6 | 1, host or path, port): a socket, CLOEXEC and not blocking, whose connection is under way;
/// -errno, of a unix socket also -EAGAIN where its queue is full.
Napi::Value connectStream(const Napi::CallbackInfo& info) {
  sockaddr_storage address;
  const auto port = static_cast<uint16_t>(integer(info, 2));
  const int length = toStreamAddress(integer(info, 0), text(info[1]), port, address);
  if (length < 0) return number(info, length);
  Fd connection(socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!connection.isOpen()) return number(info, -errno);
  const auto* target = reinterpret_cast<const sockaddr*>(&address);
  if (connect(connection.get(), target, static_cast<socklen_t>(length)) < 0 && errno != EINPROGRESS) {
    return number(info, -errno);
  }
  return number(info, connection.release());
}

/// connectState(fd): 0 when it is connected, 1 while that is under way, -errno when it has failed. On this machine the
/// whole handshake happens within connect(2), so that asking right away spares most relays a turn of the loop.
Napi::Value connectState(const Napi::CallbackInfo& info) {
  const int descriptor = integer(info, 0);
  sockaddr_storage remote = {};
  socklen_t length = sizeof remote;
  // one call where it is connected, which is most often
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&remote), &length) == 0) {
    return number(info, isOwnEcho(descriptor, remote, length) ? -ECONNREFUSED : 0);
  }
  pollfd wanted = {descriptor, POLLOUT, 0};
  if (poll(&wanted, 1, 0) < 1) return number(info, 1);
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return number(info, -errno);
  // between the two questions it may have come about
  length = sizeof remote;
  if (error == 0 && getpeername(descriptor, reinterpret_cast<sockaddr*>(&remote), &length) < 0) error = errno;
  if (error == 0 && isOwnEcho(descriptor, remote, length)) error = ECONNREFUSED;
  return number(info, -error);
}
