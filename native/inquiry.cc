// A question to another process of ours: a memory file in which it answers, and a signal that reaches it or nobody.
#include <csignal>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "api.hh"

/// openMemoryFile(name): a file that is in no directory; /proc/PID/fd shows it by its name.
Napi::Value openMemoryFile(const Napi::CallbackInfo& info) {
  const int fd = memfd_create(text(info[0]).c_str(), MFD_CLOEXEC);
  return number(info, fd < 0 ? -errno : fd);
}

/// holdProcess(pid): a descriptor that means this process and never the next one with its number. The system calls
/// themselves, because not every C library has their names.
Napi::Value holdProcess(const Napi::CallbackInfo& info) {
  const auto fd = static_cast<int>(syscall(SYS_pidfd_open, integer(info, 0), 0));
  return number(info, fd < 0 ? -errno : fd);
}

/// signalHeld(fd, signal)
Napi::Value signalHeld(const Napi::CallbackInfo& info) {
  const long result = syscall(SYS_pidfd_send_signal, integer(info, 0), integer(info, 1), nullptr, 0);
  return number(info, result < 0 ? -errno : 0);
}
