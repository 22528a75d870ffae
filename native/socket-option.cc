// Options of sockets, by their names in the manual pages.
#include "socket-option.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "api.hh"

namespace {

constexpr SocketOption kOptions[] = {
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
    {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT},
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE},
    {"SO_LINGER", SOL_SOCKET, SO_LINGER},
    {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},
    {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF},
    {"SO_SNDBUFFORCE", SOL_SOCKET, SO_SNDBUFFORCE},
    {"SO_RCVBUFFORCE", SOL_SOCKET, SO_RCVBUFFORCE},
    {"SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO},
    {"SO_SNDTIMEO", SOL_SOCKET, SO_SNDTIMEO},
    {"SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT},
    {"SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE},
    {"SO_MARK", SOL_SOCKET, SO_MARK},
    {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY},
    {"SO_DEBUG", SOL_SOCKET, SO_DEBUG},
    {"SO_PROTOCOL", SOL_SOCKET, SO_PROTOCOL},
    {"SO_PASSCRED", SOL_SOCKET, SO_PASSCRED},
    {"SO_BROADCAST", SOL_SOCKET, SO_BROADCAST},
    {"SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP},
    {"SO_PEEK_OFF", SOL_SOCKET, SO_PEEK_OFF},
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY},
    {"TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN},
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE},
    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL},
    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT},
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT},
    {"TCP_CONGESTION", IPPROTO_TCP, TCP_CONGESTION},
    {"IP_FREEBIND", IPPROTO_IP, IP_FREEBIND},
    {"IP_TRANSPARENT", IPPROTO_IP, IP_TRANSPARENT},
    {"IP_TOS", IPPROTO_IP, IP_TOS},
    {"IP_TTL", IPPROTO_IP, IP_TTL},
    {"IP_PKTINFO", IPPROTO_IP, IP_PKTINFO},
    {"IP_RECVTTL", IPPROTO_IP, IP_RECVTTL},
    {"IP_RECVTOS", IPPROTO_IP, IP_RECVTOS},
    {"IP_RECVERR", IPPROTO_IP, IP_RECVERR},
    {"IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER},
    {"IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY},
    {"IPV6_FREEBIND", IPPROTO_IPV6, IPV6_FREEBIND},
    {"IPV6_TRANSPARENT", IPPROTO_IPV6, IPV6_TRANSPARENT},
    {"IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS},
    {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {"IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {"IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
    {"IPV6_RECVTCLASS", IPPROTO_IPV6, IPV6_RECVTCLASS},
    {"IPV6_RECVERR", IPPROTO_IPV6, IPV6_RECVERR},
    {"IPV6_MTU_DISCOVER", IPPROTO_IPV6, IPV6_MTU_DISCOVER},
};

}  // namespace

const SocketOption* findSocketOption(std::string_view name) {
  for (const SocketOption& option : kOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

/// setOption(fd, name, number | string): 0 or -errno; -ENOPROTOOPT for a name that is not in the table. SO_LINGER is in
/// seconds, 0 switches it off.
Napi::Value setOption(const Napi::CallbackInfo& info) {
  const SocketOption* option = findSocketOption(text(info[1]));
  if (!option) return number(info, -ENOPROTOOPT);
  if (info[2].IsString()) {
    const std::string value = text(info[2]);
    const int result = setsockopt(integer(info, 0), option->level, option->number, value.c_str(),
                                  static_cast<socklen_t>(value.size() + 1));
    return number(info, result < 0 ? -errno : 0);
  }
  const int value = integer(info, 2);
  if (option->level == SOL_SOCKET && option->number == SO_LINGER) {
    const linger time = {value > 0 ? 1 : 0, value};
    const int result = setsockopt(integer(info, 0), SOL_SOCKET, SO_LINGER, &time, sizeof time);
    return number(info, result < 0 ? -errno : 0);
  }
  const int result = setsockopt(integer(info, 0), option->level, option->number, &value, sizeof value);
  return number(info, result < 0 ? -errno : 0);
}

/// getOption(fd, name): the value or -errno.
Napi::Value getOption(const Napi::CallbackInfo& info) {
  const SocketOption* option = findSocketOption(text(info[1]));
  if (!option) return number(info, -ENOPROTOOPT);
  int value = 0;
  socklen_t length = sizeof value;
  const int result = getsockopt(integer(info, 0), option->level, option->number, &value, &length);
  return number(info, result < 0 ? -errno : value);
}

/// getOptionText(fd, name): the value of an option that is a name, or -errno.
Napi::Value getOptionText(const Napi::CallbackInfo& info) {
  const SocketOption* option = findSocketOption(text(info[1]));
  if (!option) return number(info, -ENOPROTOOPT);
  char value[64] = {};
  socklen_t length = sizeof value - 1;
  const int result = getsockopt(integer(info, 0), option->level, option->number, value, &length);
  if (result < 0) return number(info, -errno);
  return Napi::String::New(info.Env(), value);
}
