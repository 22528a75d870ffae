// Who gets through to a socket at all: a classic BPF program that the kernel asks about each packet.
#include <linux/filter.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "api.hh"

/// setSourceFilter(fd, instructions): takes the place of the socket's filter at once; null takes it away, where there
/// is one. A socket has one filter: this one and that of ignoreNewClients take each other's place.
Napi::Value setSourceFilter(const Napi::CallbackInfo& info) {
  const int descriptor = integer(info, 0);
  if (!info[1].IsTypedArray()) {
    const int nothing = 0;
    const int result = setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &nothing, sizeof nothing);
    return number(info, result < 0 && errno != ENOENT ? -errno : 0);
  }
  const auto bytes = info[1].As<Napi::Uint8Array>();
  std::vector<sock_filter> program(bytes.ByteLength() / sizeof(sock_filter));
  if (program.empty() || program.size() > BPF_MAXINSNS) return number(info, -EINVAL);
  memcpy(program.data(), bytes.Data(), program.size() * sizeof(sock_filter));
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  const int result = setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  return number(info, result < 0 ? -errno : 0);
}
