// The child's half of adoption: the filter, and the way of its listener to the parent.
#include "adopt-child.hh"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "raw-call.hh"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace {

using raw::address;
using raw::call;

#if defined(__x86_64__)
// a call of the x32 ABI has a bit in its number that ours have not
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#else
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#endif

/// Without SPEC_ALLOW a kernel before 5.16 makes every filtered process slower (spec_store_bypass_disable); this filter
/// keeps nobody in. With WAIT_KILLABLE_RECV (5.19) a call that is being answered is not begun again after a signal.
constexpr unsigned long kFlags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
constexpr unsigned long kFlagChoices[] = {kFlags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, kFlags};

/// The descriptor of the listener, or -errno. It looks at nothing but the number of a call, so that the kernel knows
/// beforehand which calls it lets through and does not even run it for them (since 5.11).
long installFilter() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_listen, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {sizeof program / sizeof *program, program};
  const auto install = [&filter](unsigned long flags) {
    return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, static_cast<long>(flags), address(&filter));
  };
  long result = -EINVAL;
  for (const unsigned long flags : kFlagChoices) {
    result = install(flags);
    // with CAP_SYS_ADMIN this is not reached, and set-uid programs of the server keep their meaning
    if (result == -EACCES && call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1) == 0) result = install(flags);
    if (result != -EINVAL) break;
  }
  return result;
}

long sendDescriptor(int channel, int descriptor) {
  char byte = 0;
  iovec part = {&byte, sizeof byte};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  *reinterpret_cast<int*>(CMSG_DATA(header)) = descriptor;
  return call(SYS_sendmsg, channel, address(&message), MSG_NOSIGNAL);
}

}  // namespace

long installAdoption(int channel) {
  const long listener = installFilter();
  if (listener < 0) return listener;
  const long sent = sendDescriptor(channel, static_cast<int>(listener));
  call(SYS_close, listener);
  call(SYS_close, channel);
  return sent < 0 ? sent : 0;
}
