// How many connections there are at our sockets, asked of the kernel (sock_diag(7)), which sorts out what we want.
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "address.hh"
#include "api.hh"
#include "sock-diag.hh"

namespace {

constexpr uint32_t kEstablished = 1U << TCP_ESTABLISHED;
constexpr uint32_t kListening = 1U << TCP_LISTEN;
/// The client has said all, the server may not have.
constexpr uint32_t kClientDone = 1U << TCP_CLOSE_WAIT;
/// The server has said all, or its process is gone; the client may not have.
constexpr uint32_t kServerDone = 1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2;

/// Connections of one family whose own end is at one of the addresses, or -errno.
int countFamily(int family, const Filter& filter) {
  inet_diag_req_v2 request = {};
  request.sdiag_family = static_cast<uint8_t>(family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = kEstablished | kClientDone | kServerDone;
  const std::vector<uint8_t> question = questionFor(request, filter);
  int count = 0;
  const int error = ask(question, [&count](const nlmsghdr& message) {
    const auto& found = *static_cast<const inet_diag_msg*>(NLMSG_DATA(&message));
    // of those that no process has, only what waits to be accepted has a future
    const bool isServed = (1U << found.idiag_state & kServerDone) == 0 || found.idiag_inode != 0;
    if (isServed) count++;
  });
  return error < 0 ? error : count;
}

/// The name of a unix socket as it was bound, `@` before an abstract one.
std::string nameOf(const Attribute& bound) {
  const auto* begin = reinterpret_cast<const char*>(bound.bytes);
  if (*begin == '\0') return "@" + std::string(begin + 1, bound.size - 1);
  return {begin, strnlen(begin, bound.size)};
}

/// What waits at a listener to be accepted.
uint32_t waitingAt(const nlmsghdr& message) {
  const Attribute found = attributeOf(message, UNIX_DIAG_RQLEN);
  unix_diag_rqlen lengths = {};
  if (found.size >= sizeof lengths) memcpy(&lengths, found.bytes, sizeof lengths);
  return lengths.udiag_rqueue;
}

/// Addresses in one question: more do not fit in its filter.
constexpr size_t kAddresses = 64;

/// What is asked for: names of unix sockets, and internet addresses by family.
struct Wanted {
  std::vector<std::string> names;
  std::vector<sockaddr_storage> v4;
  std::vector<sockaddr_storage> v6;
};

/// Connections at these addresses, those that wait included; or -errno.
int countInternet(int family, const std::vector<sockaddr_storage>& addresses) {
  int count = 0;
  for (size_t first = 0; first < addresses.size(); first += kAddresses) {
    Filter filter;
    for (size_t i = first; i < std::min(addresses.size(), first + kAddresses); i++) filter.add(addresses[i]);
    const int found = countFamily(family, filter);
    if (found < 0) return found;
    count += found;
  }
  return count;
}

/// Connections at sockets with these names, those that wait included; or -errno.
int countUnix(const std::vector<std::string>& names) {
  if (names.empty()) return 0;
  unix_diag_req request = {};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = kEstablished | kListening;
  request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN;
  uint32_t count = 0;
  const int error = ask(questionFor(request), [&](const nlmsghdr& message) {
    const Attribute bound = attributeOf(message, UNIX_DIAG_NAME);
    if (bound.size == 0 || std::find(names.begin(), names.end(), nameOf(bound)) == names.end()) return;
    const auto& found = *static_cast<const unix_diag_msg*>(NLMSG_DATA(&message));
    count += found.udiag_state == TCP_LISTEN ? waitingAt(message) : 1;
  });
  return error < 0 ? error : static_cast<int>(count);
}

int countAll(const Wanted& wanted) {
  int count = 0;
  for (const int found :
       {countInternet(AF_INET, wanted.v4), countInternet(AF_INET6, wanted.v6), countUnix(wanted.names)}) {
    if (found < 0) return found;
    count += found;
  }
  return count;
}

/// (versions, hosts, ports, names); 0 or -errno.
int readWanted(const Napi::CallbackInfo& info, Wanted& wanted) {
  auto versions = info[0].As<Napi::Uint8Array>();
  auto hosts = info[1].As<Napi::Array>();
  auto ports = info[2].As<Napi::Uint16Array>();
  for (uint32_t i = 0; i < hosts.Length(); i++) {
    sockaddr_storage address;
    const int length = toInternetAddress(versions[i], text(hosts.Get(i)), ports[i], address);
    if (length < 0) return length;
    (versions[i] == 4 ? wanted.v4 : wanted.v6).push_back(address);
  }
  auto names = info[3].As<Napi::Array>();
  for (uint32_t i = 0; i < names.Length(); i++) wanted.names.push_back(text(names.Get(i)));
  return 0;
}

class Count : public Napi::AsyncWorker {
 public:
  Count(Napi::Env env, Wanted wanted)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), wanted_(std::move(wanted)) {}

  [[nodiscard]] Napi::Value promise() const { return deferred_.Promise(); }
  void Execute() override { found_ = countAll(wanted_); }
  void OnOK() override {
    const Napi::HandleScope scope(Env());
    deferred_.Resolve(Napi::Number::New(Env(), found_));
  }

 private:
  Napi::Promise::Deferred deferred_;
  Wanted wanted_;
  int found_ = 0;
};

}  // namespace

/// countFlows(versions, hosts, ports, names): a promise of how many connections there are at these addresses, or -errno.
/// On one of libuv's threads: the kernel looks at every socket of the machine.
Napi::Value countFlows(const Napi::CallbackInfo& info) {
  Wanted wanted;
  if (const int error = readWanted(info, wanted); error < 0) return number(info, error);
  auto* count = new Count(info.Env(), std::move(wanted));
  count->Queue();
  return count->promise();
}

/// countFlowsNow(versions, hosts, ports, names): the same, and the caller waits.
Napi::Value countFlowsNow(const Napi::CallbackInfo& info) {
  Wanted wanted;
  const int error = readWanted(info, wanted);
  return number(info, error < 0 ? error : countAll(wanted));
}
