// The parent's half of adoption: what a server is about to bind, and our socket in the place of its own
// (seccomp_unotify(2)).
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "api.hh"
#include "fd.hh"
#include "socket-option.hh"
#include "unix-address.hh"

// Headers of kernels before 5.9 have none of this; the numbers are the kernel's on every architecture.
#ifndef SECCOMP_ADDFD_FLAG_SETFD
#define SECCOMP_ADDFD_FLAG_SETFD (1UL << 0)
struct seccomp_notif_addfd {
  __u64 id;
  __u32 flags;
  __u32 srcfd;
  __u32 newfd;
  __u32 newfd_flags;
};
#define SECCOMP_IOCTL_NOTIF_ADDFD SECCOMP_IOW(3, struct seccomp_notif_addfd)
#endif

namespace {

constexpr long kPidfdGetfd = 438;  // on every architecture

/// The value of an option, of whatever type; empty where there is none.
std::vector<uint8_t> valueOf(int socket, const SocketOption& option) {
  std::vector<uint8_t> value(64);
  auto length = static_cast<socklen_t>(value.size());
  if (getsockopt(socket, option.level, option.number, value.data(), &length) < 0) return {};
  value.resize(length);
  return value;
}

/// The kernel shows twice what it was told (socket(7)).
bool isBuffer(const SocketOption& option) {
  return option.level == SOL_SOCKET && (option.number == SO_SNDBUF || option.number == SO_RCVBUF);
}

/// The kernel may know a longer request than our headers.
size_t requestSize() {
  seccomp_notif_sizes sizes = {};
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) return sizeof(seccomp_notif);
  return std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif));
}

/// Copies what the thread has at this address; how much there is of it, or -errno.
ssize_t readMemory(pid_t thread, uint64_t from, void* into, size_t size) {
  const iovec local = {into, size};
  const iovec remote = {reinterpret_cast<void*>(from), size};
  const ssize_t got = process_vm_readv(thread, &local, 1, &remote, 1, 0);
  return got < 0 ? -errno : got;
}

/// It waits still, so that what was read meanwhile was its own.
bool isWaiting(int listener, uint64_t id) {
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

struct Place {
  int family = 0;  // 4, 6, 1 for unix, 3 for vsock, 0 for others
  double port = 0;
  std::string host;  // or path, or CID: empty for any
};

Place placeOf(const sockaddr_storage& address, socklen_t length) {
  Place out;
  char host[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET && length >= sizeof(sockaddr_in)) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    out = {4, ntohs(v4.sin_port), inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host)};
  } else if (address.ss_family == AF_INET6 && length >= sizeof(sockaddr_in6) - sizeof(uint32_t)) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    out = {6, ntohs(v6.sin6_port), inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host)};
    char name[IF_NAMESIZE] = {};
    if (v6.sin6_scope_id != 0 && if_indextoname(v6.sin6_scope_id, name)) out.host.append("%").append(name);
  } else if (address.ss_family == AF_UNIX) {
    out = {1, 0, fromUnixAddress(reinterpret_cast<const sockaddr_un&>(address), length)};
  } else if (address.ss_family == AF_VSOCK && length >= sizeof(sockaddr_vm)) {
    const auto& vsock = reinterpret_cast<const sockaddr_vm&>(address);
    const bool isAny = vsock.svm_cid == VMADDR_CID_ANY;
    out = {3, static_cast<double>(vsock.svm_port), isAny ? std::string() : std::to_string(vsock.svm_cid)};
  }
  return out;
}

uint64_t idOf(const Napi::Value& value) {
  bool isLossless = false;
  return value.As<Napi::BigInt>().Uint64Value(&isLossless);
}

int answer(int listener, uint64_t id, int error, uint32_t flags) {
  seccomp_notif_resp response = {};
  response.id = id;
  response.error = -error;
  response.flags = flags;
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 ? -errno : 0;
}

/// The cookie of a socket, which no other will ever have; 0 where it has none.
uint64_t cookieOf(int socket) {
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &length) < 0 ? 0 : cookie;
}

/// The first number after `name` in a small file of /proc; -errno.
long numberIn(const std::string& path, std::string_view name, int base) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.isOpen()) return -errno;
  char text[4096];
  const ssize_t got = read(file.get(), text, sizeof text - 1);
  if (got < 0) return -errno;
  text[got] = '\0';
  const char* found = strstr(text, name.data());
  return found ? strtol(found + name.size(), nullptr, base) : -ENOENT;
}

}  // namespace

/// openAdoptionChannel([ours, theirs]): 0 or -errno.
Napi::Value openAdoptionChannel(const Napi::CallbackInfo& info) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return number(info, -errno);
  auto out = info[0].As<Napi::Int32Array>();
  out[0] = pair[0];
  out[1] = pair[1];
  return number(info, 0);
}

/// receiveCallListener(channel): the listener of the child's filter; -EAGAIN when it has not come yet, -EPIPE when it
/// never will.
Napi::Value receiveCallListener(const Napi::CallbackInfo& info) {
  char byte = 0;
  iovec part = {&byte, sizeof byte};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(integer(info, 0), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return number(info, -errno);
  if (got == 0) return number(info, -EPIPE);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  // without one there was no free number for it
  if (!header || header->cmsg_type != SCM_RIGHTS) return number(info, -EMFILE);
  int listener = -1;
  memcpy(&listener, CMSG_DATA(header), sizeof listener);
  return number(info, listener);
}

/// receiveCall(listener): [id, thread, isListen, descriptor, backlog, family, port, host or path] of a call that waits; of
/// a bind(2) the backlog is 0, of a listen(2) the family is; where the address could not be read it is -errno. 0 when none
/// waits, -errno.
Napi::Value receiveCall(const Napi::CallbackInfo& info) {
  const int listener = integer(info, 0);
  // the next call waits in the kernel where there is nothing
  pollfd wanted = {listener, POLLIN, 0};
  if (poll(&wanted, 1, 0) < 1) return number(info, 0);
  if ((wanted.revents & POLLIN) == 0) return number(info, -EPIPE);
  std::vector<uint64_t> memory(requestSize() / sizeof(uint64_t) + 1);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, memory.data()) < 0) {
    // it was ended meanwhile
    return number(info, errno == ENOENT || errno == EINTR ? 0 : -errno);
  }
  const auto& request = *reinterpret_cast<const seccomp_notif*>(memory.data());
  const auto thread = static_cast<pid_t>(request.pid);
  const bool isListen = request.data.nr == SYS_listen;
  Place place;
  if (!isListen) {
    sockaddr_storage address = {};
    const size_t length = std::min<size_t>(static_cast<uint32_t>(request.data.args[2]), sizeof address);
    const ssize_t got = readMemory(thread, request.data.args[1], &address, length);
    if (got < 0) place.family = static_cast<int>(got);
    else place = placeOf(address, static_cast<socklen_t>(got));
    if (!isWaiting(listener, request.id)) return number(info, 0);
  }
  auto out = Napi::Array::New(info.Env(), 8);
  out.Set(0U, Napi::BigInt::New(info.Env(), static_cast<uint64_t>(request.id)));
  out.Set(1U, number(info, thread));
  out.Set(2U, Napi::Boolean::New(info.Env(), isListen));
  out.Set(3U, number(info, static_cast<int>(request.data.args[0])));
  out.Set(4U, number(info, isListen ? static_cast<int>(request.data.args[1]) : 0));
  out.Set(5U, number(info, place.family));
  out.Set(6U, number(info, place.port));
  out.Set(7U, Napi::String::New(info.Env(), place.host));
  return out;
}

/// passCall(listener, id): the kernel does what was asked.
Napi::Value passCall(const Napi::CallbackInfo& info) {
  return number(info, answer(integer(info, 0), idOf(info[1]), 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE));
}

/// answerCall(listener, id, errno): the call returns 0, or fails with this.
Napi::Value answerCall(const Napi::CallbackInfo& info) {
  return number(info, answer(integer(info, 0), idOf(info[1]), integer(info, 2), 0));
}

/// placeDescriptor(listener, id, source, target, isCloseOnExec): the caller's descriptor `target` is our `source` from here
/// on; what it was is closed.
Napi::Value placeDescriptor(const Napi::CallbackInfo& info) {
  seccomp_notif_addfd request = {};
  request.id = idOf(info[1]);
  request.flags = SECCOMP_ADDFD_FLAG_SETFD;
  request.srcfd = static_cast<uint32_t>(integer(info, 2));
  request.newfd = static_cast<uint32_t>(integer(info, 3));
  request.newfd_flags = info[4].As<Napi::Boolean>() ? O_CLOEXEC : 0;
  return number(info, ioctl(integer(info, 0), SECCOMP_IOCTL_NOTIF_ADDFD, &request) < 0 ? -errno : 0);
}

/// processOf(thread): the pid of the process that a thread belongs to.
Napi::Value processOf(const Napi::CallbackInfo& info) {
  const std::string path = "/proc/" + std::to_string(integer(info, 0)) + "/status";
  return number(info, static_cast<double>(numberIn(path, "\nTgid:", 10)));
}

/// borrowDescriptor(pid, fd): another descriptor of the same open file.
Napi::Value borrowDescriptor(const Napi::CallbackInfo& info) {
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, integer(info, 0), 0)));
  if (!process.isOpen()) return number(info, -errno);
  const long descriptor = syscall(kPidfdGetfd, process.get(), integer(info, 1), 0);
  return number(info, static_cast<double>(descriptor < 0 ? -errno : descriptor));
}

/// descriptorFlags(thread, fd): what open(2) would have been told: O_NONBLOCK, O_CLOEXEC and the others.
Napi::Value descriptorFlags(const Napi::CallbackInfo& info) {
  const std::string path =
      "/proc/" + std::to_string(integer(info, 0)) + "/fdinfo/" + std::to_string(integer(info, 1));
  return number(info, static_cast<double>(numberIn(path, "flags:", 8)));
}

/// isSameSocket(a, b): 1 or 0.
Napi::Value isSameSocket(const Napi::CallbackInfo& info) {
  const uint64_t cookie = cookieOf(integer(info, 0));
  return number(info, cookie != 0 && cookie == cookieOf(integer(info, 1)) ? 1 : 0);
}

/// carryOption(name, from, fresh, to): sets on `to` what `from` has and a fresh socket of its kind has not: somebody has
/// set it there. 1 when that was so, 0, or -errno.
Napi::Value carryOption(const Napi::CallbackInfo& info) {
  const SocketOption* option = findSocketOption(text(info[0]));
  if (!option) return number(info, -ENOPROTOOPT);
  std::vector<uint8_t> value = valueOf(integer(info, 1), *option);
  if (value.empty() || value == valueOf(integer(info, 2), *option)) return number(info, 0);
  const int to = integer(info, 3);
  if (value == valueOf(to, *option)) return number(info, 0);
  if (isBuffer(*option) && value.size() == sizeof(int)) {
    int size = 0;
    memcpy(&size, value.data(), sizeof size);
    size /= 2;
    memcpy(value.data(), &size, sizeof size);
  }
  const int result = setsockopt(to, option->level, option->number, value.data(), static_cast<socklen_t>(value.size()));
  return number(info, result < 0 ? -errno : 1);
}
