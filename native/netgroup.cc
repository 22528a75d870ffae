// Membership in netgroups, asked on libuv's threads: the name service may be far away.
#include <mutex>

#include "api.hh"

/// musl has no netgroups: there this is null.
extern "C" [[gnu::weak]] int innetgr(const char* group, const char* host, const char* user, const char* domain);

namespace {

/// innetgr(3) is not safe to be called by two threads at once.
std::mutex& oneAtATime() {
  static std::mutex mutex;
  return mutex;
}

class Membership : public Napi::AsyncWorker {
 public:
  Membership(Napi::Env env, std::string group, std::string host)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        group_(std::move(group)),
        host_(std::move(host)) {}

  [[nodiscard]] Napi::Value promise() const { return deferred_.Promise(); }
  void Execute() override {
    const std::lock_guard lock(oneAtATime());
    if (innetgr) answer_ = innetgr(group_.c_str(), host_.c_str(), nullptr, nullptr) == 1 ? 1 : 0;
  }
  void OnOK() override {
    const Napi::HandleScope scope(Env());
    deferred_.Resolve(Napi::Number::New(Env(), answer_));
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::string group_;
  std::string host_;
  int answer_ = -1;
};

}  // namespace

/// lookupNetgroup(group, host): 1 where the host is in the group, 0 where not, -1 where nobody knows of netgroups.
Napi::Value lookupNetgroup(const Napi::CallbackInfo& info) {
  auto* membership = new Membership(info.Env(), text(info[0]), text(info[1]));
  membership->Queue();
  return membership->promise();
}
