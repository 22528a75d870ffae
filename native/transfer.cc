// Bytes and datagrams that acceptd itself reads and writes; nothing here ever waits.
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "api.hh"
#include "engine.hh"

namespace {

struct Bytes {
  uint8_t* data;
  size_t size;
};

Bytes bytesOf(const Napi::Value& value) {
  auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

/// Control data of one message, aligned as cmsg(3) asks.
union Control {
  cmsghdr header;
  char room[256];
};

void readPacketInformation(msghdr& message, Record& record) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo information;
      memcpy(&information, CMSG_DATA(part), sizeof information);
      // the address that a reply can come from, which a broadcast address is not
      memcpy(record.local, &information.ipi_spec_dst, 4);
      record.interfaceIndex = static_cast<uint32_t>(information.ipi_ifindex);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo information;
      memcpy(&information, CMSG_DATA(part), sizeof information);
      record.interfaceIndex = information.ipi6_ifindex;
      if (IN6_IS_ADDR_MULTICAST(&information.ipi6_addr)) continue;  // nor can it come from there
      const bool isMapped = IN6_IS_ADDR_V4MAPPED(&information.ipi6_addr);
      memcpy(record.local, information.ipi6_addr.s6_addr + (isMapped ? 12 : 0), isMapped ? 4 : 16);
    }
  }
}

/// The reply leaves from the address that was asked (RFC 1122, 4.1.3.5), also on a host with several.
void writePacketInformation(msghdr& message, Control& control, const Record& record) {
  message.msg_control = &control;
  cmsghdr* part = &control.header;
  if (record.family == 4 && record.mapped == 0) {
    in_pktinfo information = {};
    memcpy(&information.ipi_spec_dst, record.local, 4);
    part->cmsg_level = IPPROTO_IP;
    part->cmsg_type = IP_PKTINFO;
    part->cmsg_len = CMSG_LEN(sizeof information);
    memcpy(CMSG_DATA(part), &information, sizeof information);
    message.msg_controllen = CMSG_SPACE(sizeof information);
    return;
  }
  in6_pktinfo information = {};
  if (record.family == 4) {
    information.ipi6_addr.s6_addr[10] = 0xff;
    information.ipi6_addr.s6_addr[11] = 0xff;
    memcpy(information.ipi6_addr.s6_addr + 12, record.local, 4);
  } else {
    memcpy(&information.ipi6_addr, record.local, 16);
    information.ipi6_ifindex = record.scope != 0 ? record.interfaceIndex : 0;
  }
  part->cmsg_level = IPPROTO_IPV6;
  part->cmsg_type = IPV6_PKTINFO;
  part->cmsg_len = CMSG_LEN(sizeof information);
  memcpy(CMSG_DATA(part), &information, sizeof information);
  message.msg_controllen = CMSG_SPACE(sizeof information);
}

void append(std::vector<uint8_t>& packet, const void* part, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(part);
  packet.insert(packet.end(), bytes, bytes + size);
}

/// The sum of RFC 1071 over 16-bit words; an odd byte counts as the first of a word.
uint32_t addWords(uint32_t sum, const void* part, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(part);
  for (size_t i = 0; i < size; i++) sum += i % 2 == 0 ? static_cast<uint32_t>(bytes[i]) << 8 : bytes[i];
  return sum;
}

uint16_t foldChecksum(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  const auto folded = static_cast<uint16_t>(~sum);
  return htons(folded == 0 ? 0xffff : folded);  // zero would say that there is none
}

}  // namespace

/// readNow(fd, buffer, peeks): bytes of a connection, 0 at its end, -EAGAIN when there are none yet.
Napi::Value readNow(const Napi::CallbackInfo& info) {
  const Bytes buffer = bytesOf(info[1]);
  const int flags = MSG_DONTWAIT | (info[2].As<Napi::Boolean>() ? MSG_PEEK : 0);
  const ssize_t got = recv(integer(info, 0), buffer.data, buffer.size, flags);
  return number(info, got < 0 ? -errno : static_cast<double>(got));
}

/// writeNow(fd, bytes): how many were taken, -EAGAIN when none can be without waiting; for sockets, pipes, terminals.
/// The flag O_NONBLOCK is not ours to set on a descriptor that we share. Where the kernel knows no other way for a pipe
/// (before Linux 6.5) it is asked first (POLLOUT: room for PIPE_BUF, pipe(7)) and given no more than that.
Napi::Value writeNow(const Napi::CallbackInfo& info) {
  const int descriptor = integer(info, 0);
  const Bytes buffer = bytesOf(info[1]);
  ssize_t sent = send(descriptor, buffer.data, buffer.size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == ENOTSOCK) {
    const iovec part = {buffer.data, buffer.size};
    sent = pwritev2(descriptor, &part, 1, -1, RWF_NOWAIT);
  }
  if (sent < 0 && errno == EOPNOTSUPP) {
    pollfd wanted = {descriptor, POLLOUT, 0};
    if (poll(&wanted, 1, 0) < 1 || (wanted.revents & POLLOUT) == 0) return number(info, -EAGAIN);
    sent = write(descriptor, buffer.data, std::min<size_t>(buffer.size, PIPE_BUF));
  }
  return number(info, sent < 0 ? -errno : static_cast<double>(sent));
}

/// receiveDatagram(fd, buffer, peeks): length of the next one, its two ends in record 0; -EAGAIN when there is none.
Napi::Value receiveDatagram(const Napi::CallbackInfo& info) {
  const Engine& engine = *engineOf(info.Env());
  const Bytes buffer = bytesOf(info[1]);
  sockaddr_storage remote = {};
  iovec part = {buffer.data, buffer.size};
  Control control;
  msghdr message = {};
  message.msg_name = &remote;
  message.msg_namelen = sizeof remote;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const int flags = MSG_DONTWAIT | (info[2].As<Napi::Boolean>() ? MSG_PEEK : 0);
  const ssize_t got = recvmsg(integer(info, 0), &message, flags);
  if (got < 0) return number(info, -errno);
  Record& record = engine.records[0];
  record = {};
  sockaddr_storage local = {};
  socklen_t length = sizeof local;
  if (getsockname(integer(info, 0), reinterpret_cast<sockaddr*>(&local), &length) == 0) setLocal(record, local);
  setRemote(record, remote);
  readPacketInformation(message, record);
  return number(info, static_cast<double>(got));
}

/// sendDatagram(fd, bytes): to the peer of record 0, from the address it asked. A full queue loses it, as UDP may.
Napi::Value sendDatagram(const Napi::CallbackInfo& info) {
  const Record& record = engineOf(info.Env())->records[0];
  const Bytes buffer = bytesOf(info[1]);
  sockaddr_storage remote;
  iovec part = {buffer.data, buffer.size};
  Control control = {};
  msghdr message = {};
  message.msg_namelen = toSocketAddress(record, remote);
  message.msg_name = &remote;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  writePacketInformation(message, control, record);
  const ssize_t sent = sendmsg(integer(info, 0), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return number(info, sent < 0 ? -errno : static_cast<double>(sent));
}

/// connectDatagram(fd): to the peer of record 0.
Napi::Value connectDatagram(const Napi::CallbackInfo& info) {
  sockaddr_storage remote;
  const socklen_t length = toSocketAddress(engineOf(info.Env())->records[0], remote);
  const int result = connect(integer(info, 0), reinterpret_cast<sockaddr*>(&remote), length);
  return number(info, result < 0 ? -errno : 0);
}

/// countSenders(fd): 0 when all waiting datagrams are from the peer of record 0, 1 when others wait among them.
Napi::Value countSenders(const Napi::CallbackInfo& info) {
  const Record& first = engineOf(info.Env())->records[0];
  const int descriptor = integer(info, 0);
  int offset = 0;
  if (setsockopt(descriptor, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) < 0) return number(info, -errno);
  bool isMixed = false;
  // SO_PEEK_OFF moves on by the bytes that were peeked, so the whole datagram has to be asked for; an empty one is
  // shown once only, by whatever peek came first
  std::vector<uint8_t> whole(65536);
  for (int seen = 0; seen < 4096 && !isMixed; seen++) {
    sockaddr_storage remote = {};
    socklen_t length = sizeof remote;
    const ssize_t got = recvfrom(descriptor, whole.data(), whole.size(), MSG_DONTWAIT | MSG_PEEK,
                                 reinterpret_cast<sockaddr*>(&remote), &length);
    if (got < 0) break;
    Record record = {};
    setRemote(record, remote);
    isMixed = record.family != first.family || record.remotePort != first.remotePort ||
              memcmp(record.remote, first.remote, sizeof record.remote) != 0;
  }
  offset = -1;
  setsockopt(descriptor, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset);
  return number(info, isMixed ? 1 : 0);
}

/// injectDatagram(bytes): sends bytes to record 0's local end as if its remote end had sent them, through the loopback
/// interface (raw(7); needs CAP_NET_RAW). Puts a datagram that was taken from one queue into another, sender and all.
/// -EMSGSIZE for what that interface does not carry in one packet: over IPv6 the last 39 bytes of what UDP allows.
Napi::Value injectDatagram(const Napi::CallbackInfo& info) {
  const Record& record = engineOf(info.Env())->records[0];
  const Bytes buffer = bytesOf(info[0]);
  const bool isV4 = record.family == 4;
  if (buffer.size > UINT16_MAX - sizeof(iphdr) - sizeof(udphdr)) return number(info, -EMSGSIZE);
  const auto size = static_cast<uint16_t>(sizeof(udphdr) + buffer.size);
  std::vector<uint8_t> packet;
  if (isV4) {
    iphdr ip = {};
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    ip.protocol = IPPROTO_UDP;
    ip.tot_len = htons(static_cast<uint16_t>(sizeof ip + size));
    memcpy(&ip.saddr, record.remote, 4);
    memcpy(&ip.daddr, record.local, 4);
    append(packet, &ip, sizeof ip);
  } else {
    ip6_hdr ip = {};
    ip.ip6_flow = htonl(6U << 28);
    ip.ip6_plen = htons(size);
    ip.ip6_nxt = IPPROTO_UDP;
    ip.ip6_hlim = 64;
    memcpy(&ip.ip6_src, record.remote, 16);
    memcpy(&ip.ip6_dst, record.local, 16);
    append(packet, &ip, sizeof ip);
  }
  // the pseudo header of the checksum: both addresses, the protocol, the length (RFC 768, RFC 8200)
  const size_t addressSize = isV4 ? 4 : 16;
  uint32_t sum = IPPROTO_UDP + size;
  sum = addWords(sum, record.remote, addressSize);
  sum = addWords(sum, record.local, addressSize);
  udphdr header = {};
  header.source = htons(record.remotePort);
  header.dest = htons(record.localPort);
  header.len = htons(size);
  sum = addWords(sum, &header, sizeof header);
  header.check = foldChecksum(addWords(sum, buffer.data, buffer.size));
  append(packet, &header, sizeof header);
  append(packet, buffer.data, buffer.size);

  // IPPROTO_RAW: the packet brings its header, in both families, and nothing is received
  const Fd raw(socket(isV4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!raw.isOpen()) return number(info, -errno);
  Record target = record;
  target.mapped = 0;
  target.remotePort = 0;
  memcpy(target.remote, record.local, sizeof target.remote);
  sockaddr_storage address;
  const socklen_t length = toSocketAddress(target, address);
  const ssize_t sent = sendto(raw.get(), packet.data(), packet.size(), MSG_DONTWAIT,
                              reinterpret_cast<sockaddr*>(&address), length);
  return number(info, sent < 0 ? -errno : 0);
}

/// openLogPair([ours, theirs]): 0 or -errno. A socket, because it tells the pid of each writer (unix(7), SO_PASSCRED).
Napi::Value openLogPair(const Napi::CallbackInfo& info) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return number(info, -errno);
  const int one = 1;
  setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  shutdown(pair[0], SHUT_WR);
  auto out = info[0].As<Napi::Int32Array>();
  out[0] = pair[0];
  out[1] = pair[1];
  return number(info, 0);
}

/// receiveLog(fd, buffer): bytes of one writer, whose pid goes to record 0; -EAGAIN when there are none.
Napi::Value receiveLog(const Napi::CallbackInfo& info) {
  const Bytes buffer = bytesOf(info[1]);
  iovec part = {buffer.data, buffer.size};
  Control control;
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(integer(info, 0), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return number(info, -errno);
  Record& record = engineOf(info.Env())->records[0];
  record.pid = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials;
      memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
      record.pid = credentials.pid;
    } else if (header->cmsg_type == SCM_RIGHTS) {
      // nobody asked for descriptors: what a handler sends us is closed again
      const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; i++) {
        int sent;
        memcpy(&sent, CMSG_DATA(header) + i * sizeof sent, sizeof sent);
        close(sent);
      }
    }
  }
  return number(info, static_cast<double>(got));
}
