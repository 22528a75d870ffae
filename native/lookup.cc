// The name service: users, groups, ports, RPC programs. It may ask a server far away, so it runs on libuv's threads
// and gives promises; it is asked when a configuration is loaded, never for a connection.
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <rpc/netdb.h>

#include <cerrno>
#include <functional>
#include <vector>

#include "api.hh"

namespace {

/// Numbers of an answer, in the order that each look-up says, behind its texts. No numbers: no such name.
struct Answer {
  std::string name;
  std::vector<double> numbers;
  /// Behind the name.
  std::vector<std::string> texts;
};

class Lookup : public Napi::AsyncWorker {
 public:
  Lookup(Napi::Env env, std::function<Answer()> ask)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), ask_(std::move(ask)) {}

  [[nodiscard]] Napi::Value promise() const { return deferred_.Promise(); }
  void Execute() override { answer_ = ask_(); }
  void OnOK() override {
    const Napi::HandleScope scope(Env());
    auto out = Napi::Array::New(Env());
    uint32_t index = 0;
    out.Set(index++, Napi::String::New(Env(), answer_.name));
    for (const std::string& each : answer_.texts) out.Set(index++, Napi::String::New(Env(), each));
    for (const double each : answer_.numbers) out.Set(index++, Napi::Number::New(Env(), each));
    deferred_.Resolve(out);
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::function<Answer()> ask_;
  Answer answer_;
};

Napi::Value ask(const Napi::CallbackInfo& info, std::function<Answer()> question) {
  auto* lookup = new Lookup(info.Env(), std::move(question));
  lookup->Queue();
  return lookup->promise();
}

/// Calls one of the *_r functions with a buffer that grows until the answer fits.
template <typename Entry, typename Call>
bool find(Entry& entry, std::vector<char>& buffer, Call call) {
  for (buffer.resize(1024); buffer.size() <= (1U << 24); buffer.resize(buffer.size() * 4)) {
    Entry* found = nullptr;
    const int error = call(&entry, buffer.data(), buffer.size(), &found);
    if (error != ERANGE) return error == 0 && found;
  }
  return false;
}

template <typename Call>
Answer account(Call call) {
  passwd entry;
  std::vector<char> buffer;
  if (!find(entry, buffer, call)) return {};
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  while (getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
  }
  Answer answer{entry.pw_name,
                {static_cast<double>(entry.pw_uid), static_cast<double>(entry.pw_gid)},
                {entry.pw_dir, entry.pw_shell}};
  for (int i = 0; i < count; i++) answer.numbers.push_back(groups[static_cast<size_t>(i)]);
  return answer;
}

Answer groupByName(const std::string& name) {
  struct group entry;
  std::vector<char> buffer;
  const bool isKnown = find(entry, buffer, [&](struct group* out, char* room, size_t size, struct group** found) {
    return getgrnam_r(name.c_str(), out, room, size, found);
  });
  if (!isKnown) return {};
  return {entry.gr_name, {static_cast<double>(entry.gr_gid)}, {}};
}

Answer port(const std::string& name, const std::string& protocol) {
  servent entry;
  std::vector<char> buffer;
  const bool isKnown = find(entry, buffer, [&](servent* out, char* room, size_t size, servent** found) {
    return getservbyname_r(name.c_str(), protocol.c_str(), out, room, size, found);
  });
  if (!isKnown) return {};
  return {entry.s_name, {static_cast<double>(ntohs(static_cast<uint16_t>(entry.s_port)))}, {}};
}

Answer rpcProgram(const std::string& name) {
  rpcent entry;
  std::vector<char> buffer;
  const bool isKnown = find(entry, buffer, [&](rpcent* out, char* room, size_t size, rpcent** found) {
    return getrpcbyname_r(name.c_str(), out, room, size, found);
  });
  if (!isKnown) return {};
  return {entry.r_name, {static_cast<double>(entry.r_number)}, {}};
}

}  // namespace

/// lookupAccount(name | uid): [name, home, shell, uid, gid, ...groups of initgroups(3)].
Napi::Value lookupAccount(const Napi::CallbackInfo& info) {
  if (info[0].IsNumber()) {
    return ask(info, [uid = info[0].As<Napi::Number>().Uint32Value()] {
      return account([uid](passwd* out, char* room, size_t size, passwd** found) {
        return getpwuid_r(uid, out, room, size, found);
      });
    });
  }
  return ask(info, [name = text(info[0])] {
    return account([&name](passwd* out, char* room, size_t size, passwd** found) {
      return getpwnam_r(name.c_str(), out, room, size, found);
    });
  });
}

/// lookupGroup(name): [name, gid].
Napi::Value lookupGroup(const Napi::CallbackInfo& info) {
  return ask(info, [name = text(info[0])] { return groupByName(name); });
}

/// lookupPort(name, "tcp" | "udp"): [official name, port].
Napi::Value lookupPort(const Napi::CallbackInfo& info) {
  return ask(info, [name = text(info[0]), protocol = text(info[1])] { return port(name, protocol); });
}

/// lookupRpc(name): [official name, program number].
Napi::Value lookupRpc(const Napi::CallbackInfo& info) {
  return ask(info, [name = text(info[0])] { return rpcProgram(name); });
}
