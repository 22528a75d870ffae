// Who is at the other end of a unix socket.
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "api.hh"

namespace {

constexpr size_t kUsualGroups = 32;

}  // namespace

/// peerGroups(fd): the supplementary groups that a unix peer had when it connected, or -errno.
Napi::Value peerGroups(const Napi::CallbackInfo& info) {
  const int descriptor = integer(info, 0);
  std::vector<gid_t> groups(kUsualGroups);
  auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  int result = getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
  if (result < 0 && errno == ERANGE) {
    // it is told how long the list is
    groups.resize(length / sizeof(gid_t));
    result = getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
  }
  if (result < 0) return number(info, -errno);
  groups.resize(length / sizeof(gid_t));
  const auto list = Napi::Array::New(info.Env(), groups.size());
  for (uint32_t index = 0; index < groups.size(); index++) list.Set(index, Napi::Number::New(info.Env(), groups[index]));
  return list;
}
