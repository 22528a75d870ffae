// The way to a system's logger: a unix socket that takes messages, and never waits for who reads them.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "ancillary.hh"
#include "api.hh"
#include "fd.hh"
#include "unix-address.hh"

namespace {

/// Messages in one call of sendmmsg(2).
constexpr size_t kMessages = 64;

}  // namespace

/// connectLog(path, isStream): a descriptor, CLOEXEC and not blocking; -EPROTOTYPE where the other kind listens, -EAGAIN
/// where a stream's queue is full.
Napi::Value connectLog(const Napi::CallbackInfo& info) {
  sockaddr_un address;
  const socklen_t length = toUnixAddress(text(info[0]), address);
  if (length == 0) return number(info, -ENAMETOOLONG);
  const int type = info[1].As<Napi::Boolean>() ? SOCK_STREAM : SOCK_DGRAM;
  Fd descriptor(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor.isOpen()) return number(info, -errno);
  const int result = connect(descriptor.get(), reinterpret_cast<sockaddr*>(&address), length);
  return number(info, result < 0 ? -errno : descriptor.release());
}

/// sendMessages(fd, bytes, lengths): how many of the messages, which stand behind each other, were taken; -errno when the
/// first was not.
Napi::Value sendMessages(const Napi::CallbackInfo& info) {
  auto bytes = info[1].As<Napi::Uint8Array>();
  auto lengths = info[2].As<Napi::Uint32Array>();
  const size_t count = std::min(lengths.ElementLength(), kMessages);
  std::array<iovec, kMessages> parts;
  std::array<mmsghdr, kMessages> messages = {};
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    parts[i] = {bytes.Data() + offset, std::min<size_t>(lengths[i], bytes.ByteLength() - offset)};
    offset += parts[i].iov_len;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int sent =
      sendmmsg(integer(info, 0), messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
  return number(info, sent < 0 ? -errno : sent);
}

namespace {

/// A file in memory with these bytes, which nobody can change any more; not open where errno says why.
Fd sealBytes(const uint8_t* bytes, size_t size) {
  Fd file(memfd_create("log-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.isOpen()) return file;
  for (size_t written = 0; written < size;) {
    const ssize_t count = write(file.get(), bytes + written, size - written);
    if (count < 0) return Fd(-1);
    written += static_cast<size_t>(count);
  }
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  return fcntl(file.get(), F_ADD_SEALS, seals) < 0 ? Fd(-1) : std::move(file);
}

}  // namespace

/// sendSealed(fd, bytes): an empty message with a sealed file in memory, for what is too long for a message; 0 or -errno.
Napi::Value sendSealed(const Napi::CallbackInfo& info) {
  auto bytes = info[1].As<Napi::Uint8Array>();
  const Fd file = sealBytes(bytes.Data(), bytes.ByteLength());
  if (!file.isOpen()) return number(info, -errno);
  Ancillary control = {};
  msghdr message = {};
  const int descriptor = file.get();
  attachDescriptors(message, control, {&descriptor, 1});
  const ssize_t sent = sendmsg(integer(info, 0), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return number(info, sent < 0 ? -errno : 0);
}
