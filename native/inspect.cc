// What the kernel says of a socket that somebody believes to know.
#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "api.hh"
#include "unix-address.hh"

namespace {

/// An integer option of SOL_SOCKET, or -errno.
int socketOption(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0 ? -errno : value;
}

}  // namespace

/// inspectSocket(fd): [type, family, isListening, port, host or path], type as in SO_TYPE and family 4, 6, 1 or 3 (vsock); or -errno.
Napi::Value inspectSocket(const Napi::CallbackInfo& info) {
  const int fd = integer(info, 0);
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un unix;
    sockaddr_vm vsock;
    sockaddr_storage storage;
  } address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) < 0) return number(info, -errno);
  const int type = socketOption(fd, SO_TYPE);
  const int isListening = socketOption(fd, SO_ACCEPTCONN);
  if (type < 0 || isListening < 0) return number(info, type < 0 ? type : isListening);
  char host[INET6_ADDRSTRLEN] = {};
  int family = 1;
  double port = 0;
  std::string place;
  if (address.any.sa_family == AF_INET) {
    family = 4;
    port = ntohs(address.v4.sin_port);
    place = inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
  } else if (address.any.sa_family == AF_INET6) {
    family = 6;
    port = ntohs(address.v6.sin6_port);
    place = inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
    char interface[IF_NAMESIZE] = {};
    if (address.v6.sin6_scope_id != 0 && if_indextoname(address.v6.sin6_scope_id, interface)) {
      place += std::string("%") + interface;
    }
  } else if (address.any.sa_family == AF_UNIX) {
    place = fromUnixAddress(address.unix, length);
  } else if (address.any.sa_family == AF_VSOCK) {
    family = 3;
    port = address.vsock.svm_port;
    place = address.vsock.svm_cid == VMADDR_CID_ANY ? "" : std::to_string(address.vsock.svm_cid);
  } else {
    return number(info, -EAFNOSUPPORT);
  }
  auto out = Napi::Array::New(info.Env(), 5);
  out.Set(0U, number(info, type));
  out.Set(1U, number(info, family));
  out.Set(2U, number(info, isListening));
  out.Set(3U, number(info, port));
  out.Set(4U, Napi::String::New(info.Env(), place));
  return out;
}
