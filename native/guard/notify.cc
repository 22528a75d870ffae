// The guard's notification socket: messages of acceptd alone, and their way up.
#include "notify.hh"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <ctime>
#include <initializer_list>

namespace guard {

namespace {

constexpr size_t kLongest = 4096;
/// What the kernel takes in one message (SCM_MAX_FD).
constexpr size_t kDescriptors = 253;

union Control {
  cmsghdr aligned;
  char bytes[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(kDescriptors * sizeof(int))];
};

struct Received {
  pid_t sender = 0;
  int descriptors[kDescriptors] = {};
  size_t count = 0;
};

int intAt(const unsigned char* bytes) {
  int number;
  __builtin_memcpy(&number, bytes, sizeof number);
  return number;
}

Received readControl(msghdr& message) {
  Received received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header;) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
      ucred sender;
      __builtin_memcpy(&sender, CMSG_DATA(header), sizeof sender);
      received.sender = sender.pid;
    } else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
      const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count && received.count < kDescriptors; i++) {
        received.descriptors[received.count++] = intAt(CMSG_DATA(header) + i * sizeof(int));
      }
    }
    // CMSG_NXTHDR, which is a function of the C library
    char* const next = reinterpret_cast<char*>(header) + CMSG_ALIGN(header->cmsg_len);
    char* const end = static_cast<char*>(message.msg_control) + message.msg_controllen;
    header = next + sizeof(cmsghdr) <= end ? reinterpret_cast<cmsghdr*>(next) : nullptr;
  }
  return received;
}

/// 0 where it is none: a path, or `@name`.
socklen_t toAddress(Text name, sockaddr_un& out) {
  if (name.length < 2 || name.length >= sizeof out.sun_path || (name.start[0] != '/' && name.start[0] != '@')) return 0;
  out = {};
  out.sun_family = AF_UNIX;
  for (size_t i = 0; i < name.length; i++) out.sun_path[i] = name.start[i];
  const bool isAbstract = name.start[0] == '@';
  if (isAbstract) out.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.length + (isAbstract ? 0 : 1));
}

/// What a manager above wants to hear as if acceptd were its own; its watchdog and its store it has with the guard.
bool isForAbove(Text line) {
  for (const char* each : {"READY=", "STATUS=", "STOPPING=", "RELOADING=", "MONOTONIC_USEC=", "EXTEND_TIMEOUT_USEC="}) {
    if (line.beginsWith(each)) return true;
  }
  return false;
}

}  // namespace

int Notify::open(Text above) {
  above_ = above;
  socket_ = static_cast<int>(call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_ < 0) return socket_;
  // before the name is there: nobody must be able to send without credentials
  const int one = 1;
  call(SYS_setsockopt, socket_, SOL_SOCKET, SO_PASSCRED, address(&one), sizeof one);
  // acceptd sees by the name that it is a guard's (service-manager.ts); the clock makes it one that nobody has taken
  variable_ << "NOTIFY_SOCKET=@acceptd-guard." << call(SYS_getpid) << "." << now();
  sockaddr_un name;
  const socklen_t length = toAddress(variable_.view().after(Text("NOTIFY_SOCKET=").length), name);
  return static_cast<int>(call(SYS_bind, socket_, address(&name), length));
}

News Notify::receive(pid_t sender, Store& store) {
  News news;
  for (;;) {
    static char bytes[kLongest];
    static Control control;
    iovec part = {bytes, sizeof bytes};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    const long got = call(SYS_recvmsg, socket_, address(&message), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got == -EINTR) continue;
    if (got < 0) return news;
    Received received = readControl(message);
    Text rest(bytes, static_cast<size_t>(got));
    Writer<kLongest> forAbove;
    Text name;
    bool isStored = false;
    bool isRemoved = false;
    const bool isHeard = received.sender == sender && sender != 0 && (message.msg_flags & MSG_TRUNC) == 0;
    while (isHeard && rest.length > 0) {
      const Text line = rest.until('\n');
      rest = rest.after(line.length < rest.length ? line.length + 1 : line.length);
      if (line.equals("READY=1")) news.isReady = true;
      if (line.equals("STOPPING=1")) news.isStopping = true;
      if (line.equals("WATCHDOG=1")) news.isAlive = true;
      if (line.equals("FDSTORE=1")) isStored = true;
      if (line.equals("FDSTOREREMOVE=1")) isRemoved = true;
      (void)line.takeValue("FDNAME=", name);
      if (isForAbove(line)) forAbove << line << "\n";
    }
    if (isRemoved) store.forget(name);
    for (size_t i = 0; i < received.count; i++) {
      if (isStored && !isRemoved && i == 0) store.keep(received.descriptors[i], name);
      else call(SYS_close, received.descriptors[i]);
    }
    if (forAbove.view().length > 0) tellAbove(forAbove.view());
  }
}

void Notify::tellAbove(Text text) const {
  sockaddr_un name;
  const socklen_t length = toAddress(above_, name);
  if (length == 0) return;
  const int sender = static_cast<int>(call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (sender < 0) return;
  // a manager that is busy is waited for a little: who has not heard of READY thinks that the start has failed
  constexpr int64_t kPatience = 1;
  timespec patience = {kPatience, 0};
  pollfd room = {sender, POLLOUT, 0};
  if (call(SYS_connect, sender, address(&name), length) == 0 &&
      call(SYS_ppoll, address(&room), 1, address(&patience), 0, 8) == 1) {
    iovec part = {const_cast<char*>(text.start), text.length};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    call(SYS_sendmsg, sender, address(&message), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  call(SYS_close, sender);
}

}  // namespace guard
