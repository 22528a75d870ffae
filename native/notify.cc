// The socket on which daemons tell their state (sd_notify(3)), and the way to tell ours to somebody else's.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "ancillary.hh"
#include "api.hh"
#include "engine.hh"
#include "fd.hh"
#include "unix-address.hh"

namespace {

/// What a message may be long, as systemd has it.
constexpr size_t kLongest = 4096;
struct Received {
  ucred sender = {};
  std::vector<Fd> descriptors;
};

Received readControl(msghdr& message) {
  Received received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) {
      memcpy(&received.sender, CMSG_DATA(header), sizeof received.sender);
    } else if (header->cmsg_type == SCM_RIGHTS) {
      const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; i++) {
        int sent;
        memcpy(&sent, CMSG_DATA(header) + i * sizeof sent, sizeof sent);
        received.descriptors.emplace_back(sent);
      }
    }
  }
  return received;
}

/// Where a descriptor stays as long as somebody wants it; at its low number where no high one is free.
int settle(Engine& engine, Fd& descriptor) {
  const int low = descriptor.release();
  const int high = raise(engine, low, true);
  return high < 0 ? low : high;
}

}  // namespace

/// openNotify(): a datagram socket with an abstract name that the kernel has chosen; it tells who sends.
Napi::Value openNotify(const Napi::CallbackInfo& info) {
  Fd descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.isOpen()) return number(info, -errno);
  // before the name is there: nobody must be able to send without credentials
  const int one = 1;
  if (setsockopt(descriptor.get(), SOL_SOCKET, SO_PASSCRED, &one, sizeof one) < 0) return number(info, -errno);
  const sa_family_t unnamed = AF_UNIX;
  sockaddr_un address = {};
  address.sun_family = unnamed;
  const int result = bind(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof unnamed);
  return number(info, result < 0 ? -errno : descriptor.release());
}

/// receiveNotify(fd): [pid, uid, gid, bytes, isCut, hasLost, descriptor...], or -errno; -EAGAIN when there is no message.
/// `isCut`: it was longer. `hasLost`: descriptors did not fit in our table or in a message.
Napi::Value receiveNotify(const Napi::CallbackInfo& info) {
  std::array<uint8_t, kLongest> bytes;
  iovec part = {bytes.data(), bytes.size()};
  Ancillary control;
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(integer(info, 0), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return number(info, -errno);
  Received received = readControl(message);
  const Napi::Env env = info.Env();
  auto out = Napi::Array::New(env, 6 + received.descriptors.size());
  out.Set(0U, number(info, received.sender.pid));
  out.Set(1U, number(info, received.sender.uid));
  out.Set(2U, number(info, received.sender.gid));
  out.Set(3U, Napi::Buffer<uint8_t>::Copy(env, bytes.data(), static_cast<size_t>(got)));
  out.Set(4U, Napi::Boolean::New(env, (message.msg_flags & MSG_TRUNC) != 0));
  out.Set(5U, Napi::Boolean::New(env, (message.msg_flags & MSG_CTRUNC) != 0));
  uint32_t index = 6;
  for (Fd& each : received.descriptors) out.Set(index++, number(info, settle(*engineOf(env), each)));
  return out;
}

/// sendNotify(path, bytes, descriptors): 0 or -errno; -EAGAIN where the receiver's queue is full. The descriptors stay ours.
Napi::Value sendNotify(const Napi::CallbackInfo& info) {
  sockaddr_un address;
  const socklen_t length = toUnixAddress(text(info[0]), address);
  if (length == 0) return number(info, -ENAMETOOLONG);
  auto bytes = info[1].As<Napi::Uint8Array>();
  auto descriptors = info[2].As<Napi::Int32Array>();
  const size_t count = descriptors.ElementLength();
  if (count > kDescriptorsInMessage) return number(info, -E2BIG);
  const Fd sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!sender.isOpen()) return number(info, -errno);
  iovec part = {bytes.Data(), bytes.ByteLength()};
  Ancillary control = {};
  msghdr message = {};
  message.msg_name = &address;
  message.msg_namelen = length;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  attachDescriptors(message, control, {descriptors.Data(), count});
  const ssize_t sent = sendmsg(sender.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return number(info, sent < 0 ? -errno : 0);
}

/// isSameFile(fd, fd): 1 when both mean the same open file, which then has one position and one O_NONBLOCK.
Napi::Value isSameFile(const Napi::CallbackInfo& info) {
  constexpr int kCompareFiles = 0;  // KCMP_FILE
  const int first = integer(info, 0);
  const int second = integer(info, 1);
  const pid_t own = getpid();
  const long order = syscall(SYS_kcmp, own, own, kCompareFiles, first, second);
  if (order >= 0) return number(info, order == 0 ? 1 : 0);
  // a filter of a container may forbid kcmp(2): two descriptors of one socket or pipe are taken for the same then
  struct stat one;
  struct stat other;
  if (fstat(first, &one) < 0 || fstat(second, &other) < 0) return number(info, -errno);
  const bool isSame = one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_mode == other.st_mode;
  return number(info, isSame ? 1 : 0);
}
