// Descriptors that were open before the first instruction: whoever started acceptd handed them over.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "api.hh"
#include "fd.hh"

/// adoptDescriptor(fd): from here on no child inherits it; -EBADF where there is none.
Napi::Value adoptDescriptor(const Napi::CallbackInfo& info) {
  const int descriptor = integer(info, 0);
  const int flags = fcntl(descriptor, F_GETFD);
  if (flags < 0) return number(info, -errno);
  return number(info, fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno : 0);
}

/// fileOf(fd): [device, inode, type bits] as text, which numbers of 64 bits need; or -errno.
Napi::Value fileOf(const Napi::CallbackInfo& info) {
  struct stat found = {};
  if (fstat(integer(info, 0), &found) < 0) return number(info, -errno);
  auto out = Napi::Array::New(info.Env(), 3);
  out.Set(0U, Napi::String::New(info.Env(), std::to_string(found.st_dev)));
  out.Set(1U, Napi::String::New(info.Env(), std::to_string(found.st_ino)));
  out.Set(2U, number(info, found.st_mode & S_IFMT));
  return out;
}

/// ownProcessInode(): what LISTEN_PIDFDID is compared with, as text; -errno where the kernel has no such numbers.
Napi::Value ownProcessInode(const Napi::CallbackInfo& info) {
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  struct stat found = {};
  if (!process.isOpen() || fstat(process.get(), &found) < 0) return number(info, -errno);
  return Napi::String::New(info.Env(), std::to_string(found.st_ino));
}
