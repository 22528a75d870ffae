// Who waits at a listener to be accepted: two looks tell whether its server took anybody in between.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "api.hh"
#include "sock-diag.hh"

namespace {

/// More than this are not told apart: no usual backlog is longer.
constexpr size_t kMost = 65536;

int optionOf(int descriptor, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : -errno;
}

/// The cookies of TCP connections at the listener's address that nobody has accepted: they have no inode yet.
int findInternet(const sockaddr_storage& address, std::vector<uint64_t>& found) {
  inet_diag_req_v2 request = {};
  request.sdiag_family = static_cast<uint8_t>(address.ss_family);
  request.sdiag_protocol = IPPROTO_TCP;
  // of the client's doing alone: it is there, or has said all
  request.idiag_states = 1U << TCP_ESTABLISHED | 1U << TCP_CLOSE_WAIT;
  Filter filter;
  filter.add(address);
  return ask(questionFor(request, filter), [&found](const nlmsghdr& message) {
    const auto& connection = *static_cast<const inet_diag_msg*>(NLMSG_DATA(&message));
    if (connection.idiag_inode != 0 || found.size() > kMost) return;
    const uint64_t high = connection.id.idiag_cookie[1];
    found.push_back(high << 32U | connection.id.idiag_cookie[0]);
  });
}

/// The inodes of the clients in a unix listener's queue. A client that has left has none.
int findUnix(int descriptor, std::vector<uint64_t>& found) {
  struct stat status = {};
  if (fstat(descriptor, &status) < 0) return -errno;
  unix_diag_req request = {};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = 1U << TCP_LISTEN;
  request.udiag_show = UDIAG_SHOW_ICONS;
  return ask(questionFor(request), [&found, &status](const nlmsghdr& message) {
    const auto& listener = *static_cast<const unix_diag_msg*>(NLMSG_DATA(&message));
    if (listener.udiag_ino != static_cast<uint32_t>(status.st_ino)) return;
    const Attribute clients = attributeOf(message, UNIX_DIAG_ICONS);
    for (size_t at = 0; at + sizeof(uint32_t) <= clients.size && found.size() <= kMost; at += sizeof(uint32_t)) {
      uint32_t inode = 0;
      memcpy(&inode, clients.bytes + at, sizeof inode);
      found.push_back(inode);
    }
  });
}

int find(int descriptor, std::vector<uint64_t>& found) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) < 0) return -errno;
  if (optionOf(descriptor, SO_ACCEPTCONN) != 1) return -EOPNOTSUPP;
  const bool isInternet = address.ss_family == AF_INET || address.ss_family == AF_INET6;
  if (isInternet && optionOf(descriptor, SO_PROTOCOL) == IPPROTO_TCP) return findInternet(address, found);
  return address.ss_family == AF_UNIX ? findUnix(descriptor, found) : -EOPNOTSUPP;
}

}  // namespace

/// waitingClients(fd): a BigUint64Array of who waits to be accepted, each by a number that no other has, and 0 for those
/// who have left; or -errno. The kernel looks at every socket of the machine's family.
Napi::Value waitingClients(const Napi::CallbackInfo& info) {
  std::vector<uint64_t> found;
  const int error = find(integer(info, 0), found);
  if (error < 0) return number(info, error);
  if (found.size() > kMost) return number(info, -E2BIG);
  auto out = Napi::BigUint64Array::New(info.Env(), found.size());
  for (size_t i = 0; i < found.size(); i++) out[i] = found[i];
  return out;
}
