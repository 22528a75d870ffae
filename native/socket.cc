// Sockets that listen, and what comes out of them.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "address.hh"
#include "api.hh"
#include "engine.hh"
#include "unix-address.hh"

namespace {

int typeOf(std::string_view name) {
  if (name == "dgram") return SOCK_DGRAM;
  return name == "seqpacket" ? SOCK_SEQPACKET : SOCK_STREAM;
}

/// An accepted connection's record: from its peer's address, or from its credentials where it is a unix socket. Its own
/// address is found when a handler is to know it.
void describe(int descriptor, const sockaddr_storage& remote, Record& record) {
  record = {};
  record.fd = descriptor;
  if (remote.ss_family == AF_UNIX) {
    record.family = 1;
    ucred credentials = {};
    socklen_t length = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0) {
      record.pid = credentials.pid;
      record.uid = credentials.uid;
      record.gid = credentials.gid;
    }
    return;
  }
  if (remote.ss_family == AF_VSOCK) {
    sockaddr_vm end;
    memcpy(&end, &remote, sizeof end);
    record.family = 3;
    record.uid = end.svm_cid;
    record.gid = end.svm_port;
    return;
  }
  setRemote(record, remote);
}

}  // namespace

/// openSocket(4 | 6 | 1 | 3, type, protocol): a descriptor, CLOEXEC and blocking; 1 is unix, 3 is vsock (record.hh).
Napi::Value openSocket(const Napi::CallbackInfo& info) {
  const int family = integer(info, 0);
  const int domain = family == 4 ? AF_INET : family == 6 ? AF_INET6 : family == 3 ? AF_VSOCK : AF_UNIX;
  const int descriptor = socket(domain, typeOf(text(info[1])) | SOCK_CLOEXEC, integer(info, 2));
  return number(info, descriptor < 0 ? -errno : descriptor);
}

/// setBlocking(fd, isBlocking): O_NONBLOCK belongs to the open file, so a handler that gets a listener must get it
/// blocking.
Napi::Value setBlocking(const Napi::CallbackInfo& info) {
  const int descriptor = integer(info, 0);
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return number(info, -errno);
  const int wanted = info[1].As<Napi::Boolean>() ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
  return number(info, wanted != flags && fcntl(descriptor, F_SETFL, wanted) < 0 ? -errno : 0);
}

/// bindInternet(fd, 4 | 6, host, port): host is numeric, with %interface where it is link-local.
Napi::Value bindInternet(const Napi::CallbackInfo& info) {
  sockaddr_storage address;
  const auto port = static_cast<uint16_t>(integer(info, 3));
  const int length = toInternetAddress(integer(info, 1), text(info[2]), port, address);
  if (length < 0) return number(info, length);
  const auto* place = reinterpret_cast<const sockaddr*>(&address);
  return number(info, bind(integer(info, 0), place, static_cast<socklen_t>(length)) < 0 ? -errno : 0);
}

/// bindVsock(fd, cid, port): a cid below 0 is any.
Napi::Value bindVsock(const Napi::CallbackInfo& info) {
  sockaddr_vm address = {};
  address.svm_family = AF_VSOCK;
  const double cid = info[1].As<Napi::Number>().DoubleValue();
  address.svm_cid = cid < 0 ? VMADDR_CID_ANY : static_cast<uint32_t>(cid);
  address.svm_port = info[2].As<Napi::Number>().Uint32Value();
  const auto* place = reinterpret_cast<const sockaddr*>(&address);
  return number(info, bind(integer(info, 0), place, sizeof address) < 0 ? -errno : 0);
}

/// bindUnix(fd, path, mode): the socket file appears with its mode; nobody can connect in between with another.
Napi::Value bindUnix(const Napi::CallbackInfo& info) {
  sockaddr_un address;
  const socklen_t length = toUnixAddress(text(info[1]), address);
  if (length == 0) return number(info, -ENAMETOOLONG);
  const mode_t before = umask(static_cast<mode_t>(0777 & ~integer(info, 2)));
  const int result = bind(integer(info, 0), reinterpret_cast<sockaddr*>(&address), length);
  const int error = errno;
  umask(before);
  return number(info, result < 0 ? -error : 0);
}

/// probeUnix(path, type): 0 when somebody listens there, -ECONNREFUSED when nobody does. Never waits.
Napi::Value probeUnix(const Napi::CallbackInfo& info) {
  sockaddr_un address;
  const socklen_t length = toUnixAddress(text(info[0]), address);
  if (length == 0) return number(info, -ENAMETOOLONG);
  const Fd probe(socket(AF_UNIX, typeOf(text(info[1])) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.isOpen()) return number(info, -errno);
  const int result = connect(probe.get(), reinterpret_cast<sockaddr*>(&address), length);
  // a full queue is a live server too, and so is one of another socket type
  if (result == 0 || errno == EAGAIN || errno == EPROTOTYPE) return number(info, 0);
  return number(info, -errno);
}

Napi::Value listenOn(const Napi::CallbackInfo& info) {
  return number(info, listen(integer(info, 0), integer(info, 1)) < 0 ? -errno : 0);
}

/// localPort(fd): the port it is bound to, 0 where it has none.
Napi::Value localPort(const Napi::CallbackInfo& info) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  const int result = getsockname(integer(info, 0), reinterpret_cast<sockaddr*>(&address), &length);
  if (result < 0) return number(info, -errno);
  Record record = {};
  setLocal(record, address);
  return number(info, record.localPort);
}

/// acceptBatch(listener, limit): how many came, described in the records; -errno only when none came.
/// What concerns a single client that went away meanwhile (ECONNABORTED, EPROTO, ...: accept(2)) is skipped.
Napi::Value acceptBatch(const Napi::CallbackInfo& info) {
  const Engine& engine = *engineOf(info.Env());
  const int listener = integer(info, 0);
  const size_t limit = std::min<size_t>(static_cast<size_t>(integer(info, 1)), kRecords);
  Stamps* const stamps = engine.stamps.get();
  // a reload accepts without having been told by epoll
  const double ready = !stamps ? 0 : stamps->ready() > 0 ? stamps->ready() : momentNow();
  const ChildSignal::Work work(engine.inCallback);
  size_t count = 0;
  for (size_t tries = 0; count < limit && tries < kRecords; tries++) {
    sockaddr_storage remote = {};
    socklen_t length = sizeof remote;
    const int descriptor = accept4(listener, reinterpret_cast<sockaddr*>(&remote), &length, SOCK_CLOEXEC);
    if (descriptor >= 0) {
      const double accepted = stamps ? momentNow() : 0;
      describe(descriptor, remote, engine.records[count]);
      if (stamps) stamps->accept(engine.records[count], ready, accepted);
      count++;
      continue;
    }
    if (errno == EAGAIN) break;
    const bool isShortage = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (isShortage || errno == EBADF || errno == EINVAL || errno == ENOTSOCK || errno == EOPNOTSUPP) {
      if (count == 0) return number(info, -errno);
      break;
    }
  }
  return number(info, static_cast<double>(count));
}

/// The first few stay low: a table of at most 64 descriptors is the cheapest to copy, and most servers need no more.
int raise(Engine& engine, int low, bool isOurs) {
  if (low < kFewDescriptors) return low;
  int high = low;
  if (low < engine.highBase) {
    high = fcntl(low, F_DUPFD_CLOEXEC, engine.highBase);
    if (high < 0) return -errno;
    engine.spawn.closeCounted(low);
  }
  if (isOurs) engine.spawn.countRaised(high);
  return high;
}

/// raiseDescriptor(fd, isOurs): the same open file at a high number; the low one is closed, but not on -errno.
Napi::Value raiseDescriptor(const Napi::CallbackInfo& info) {
  return number(info, raise(*engineOf(info.Env()), integer(info, 0), info[1].As<Napi::Boolean>()));
}

/// queueLength(fd): how much waits at a listener or datagram socket: clients of a TCP listener, bytes of a datagram
/// socket or FIFO, 1 or 0 for others. Only a comparison of two moments means something.
Napi::Value queueLength(const Napi::CallbackInfo& info) {
  const int descriptor = integer(info, 0);
  // of a listening socket this is the length of its accept queue (inet_diag); it is asked most, and by who is in a hurry
  tcp_info state = {};
  socklen_t length = sizeof state;
  const bool isTcp = getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &state, &length) == 0;
  if (isTcp && state.tcpi_state == TCP_LISTEN) return number(info, state.tcpi_unacked);
  pollfd wanted = {descriptor, POLLIN, 0};
  if (poll(&wanted, 1, 0) < 1) return number(info, 0);
  int type = 0;
  length = sizeof type;
  getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length);
  if (type == SOCK_DGRAM) {
    uint32_t memory[SK_MEMINFO_VARS] = {};
    length = sizeof memory;
    if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, memory, &length) == 0) {
      return number(info, memory[SK_MEMINFO_RMEM_ALLOC]);
    }
  } else if (type == 0) {
    int bytes = 0;
    if (ioctl(descriptor, FIONREAD, &bytes) == 0) return number(info, bytes);
  } else if (isTcp) {
    return number(info, state.tcpi_unacked);
  }
  return number(info, 1);
}

/// ignoreNewClients(listener): a TCP listener takes nobody new into its queue, and refuses nobody: who asks to connect gets
/// no answer and asks again. Connections inherit the filter, but none of their segments is such a request.
Napi::Value ignoreNewClients(const Napi::CallbackInfo& info) {
  constexpr uint8_t kSynAndAck = 0x12;
  constexpr uint8_t kSyn = 0x02;
  constexpr uint32_t kFlagsOfSegment = 13;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsOfSegment),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynAndAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  const sock_fprog filter = {static_cast<unsigned short>(std::size(program)), program};
  const int result = setsockopt(integer(info, 0), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  return number(info, result < 0 ? -errno : 0);
}

/// stopListening(listener): for everybody who has it. A child that has not exec'd yet has a copy of all descriptors, so
/// a close alone leaves a socket that takes clients and serves none of them.
Napi::Value stopListening(const Napi::CallbackInfo& info) {
  return number(info, shutdown(integer(info, 0), SHUT_RDWR) < 0 ? -errno : 0);
}

Napi::Value closeDescriptor(const Napi::CallbackInfo& info) {
  return number(info, engineOf(info.Env())->spawn.closeCounted(integer(info, 0)));
}

/// openNull(): a descriptor kept in reserve, to be given up when there are no others.
Napi::Value openNull(const Napi::CallbackInfo& info) {
  const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return number(info, descriptor < 0 ? -errno : descriptor);
}
