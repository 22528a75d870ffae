// The load loop and its responder as JavaScript has them: each in a thread of its own, ended from here.
#include <arpa/inet.h>
#include <sys/un.h>
#include <uv.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>

#include "api.hh"
#include "load.hh"
#include "responder.hh"

namespace {

/// A thread that no signal reaches: those are for the event loop.
class Thread {
 public:
  ~Thread() { join(); }
  [[nodiscard]] int start(std::function<void()> body) {
    body_ = std::move(body);
    const int error = uv_thread_create(
        &thread_,
        [](void* self) {
          sigset_t all;
          sigfillset(&all);
          pthread_sigmask(SIG_SETMASK, &all, nullptr);
          static_cast<Thread*>(self)->body_();
        },
        this);
    isRunning_ = error == 0;
    return error;
  }
  void join() {
    if (isRunning_) uv_thread_join(&thread_);
    isRunning_ = false;
  }

 private:
  uv_thread_t thread_ = {};
  bool isRunning_ = false;
  std::function<void()> body_;
};

/// Members go in the reverse order: the thread is joined before what it uses.
struct Load {
  Napi::Reference<Napi::ArrayBuffer> ring;
  std::unique_ptr<LoadLoop> loop;
  LoadSummary summary;
  napi_threadsafe_function onEnded = nullptr;
  Thread thread;

  /// Also when the process ends in the middle of a run: the thread may call nothing that is gone by then.
  void stop() {
    if (loop) loop->stop();
    thread.join();
  }
};

void stopAtExit(void* load) { static_cast<Load*>(load)->stop(); }

void endLoad(Napi::Env env, Load* load) {
  load->stop();
  napi_remove_env_cleanup_hook(env, stopAtExit, load);
  delete load;
}

struct RunningResponder {
  Responder responder;
  Thread thread;

  ~RunningResponder() { stop(); }
  void stop() {
    responder.stop();
    thread.join();
    responder.close();
  }
};

double numberOf(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Number>().DoubleValue(); }
bool isTrue(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Boolean>(); }
std::string bytesOf(const Napi::Object& from, const char* name) {
  auto bytes = from.Get(name).As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

int familyOf(const std::string& kind, int version) {
  return kind == "unix" ? AF_UNIX : version == 6 ? AF_INET6 : AF_INET;
}

/// {kind, version, host, port} or {kind, path}; 0 or -errno.
int readAddress(const Napi::Object& from, LoadPlan& plan) {
  const std::string kind = text(from.Get("kind"));
  plan.socketType = kind == "udp" ? SOCK_DGRAM : SOCK_STREAM;
  if (kind == "unix") {
    const std::string path = text(from.Get("path"));
    auto& address = reinterpret_cast<sockaddr_un&>(plan.address);
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path.data(), path.size());
    const bool isAbstract = path[0] == '@';
    if (isAbstract) address.sun_path[0] = '\0';
    plan.addressLength = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (isAbstract ? 0 : 1));
    return 0;
  }
  const std::string host = text(from.Get("host"));
  const auto port = htons(static_cast<uint16_t>(numberOf(from, "port")));
  if (familyOf(kind, static_cast<int>(numberOf(from, "version"))) == AF_INET6) {
    auto& address = reinterpret_cast<sockaddr_in6&>(plan.address);
    address.sin6_family = AF_INET6;
    address.sin6_port = port;
    plan.addressLength = sizeof address;
    return inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) == 1 ? 0 : -EINVAL;
  }
  auto& address = reinterpret_cast<sockaddr_in&>(plan.address);
  address.sin_family = AF_INET;
  address.sin_port = port;
  plan.addressLength = sizeof address;
  return inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1 ? 0 : -EINVAL;
}

int readPlan(const Napi::Object& from, LoadPlan& plan) {
  plan.clients = static_cast<size_t>(numberOf(from, "clients"));
  if (from.Get("arrivals").IsTypedArray()) {
    auto arrivals = from.Get("arrivals").As<Napi::Float64Array>();
    plan.isOpenLoop = true;
    plan.arrivals.assign(arrivals.Data(), arrivals.Data() + arrivals.ElementLength());
  }
  plan.warmUp = numberOf(from, "warmUp");
  plan.duration = numberOf(from, "duration");
  plan.count = numberOf(from, "count");
  plan.timeout = numberOf(from, "timeout");
  plan.sends = bytesOf(from, "sends");
  plan.expects = bytesOf(from, "expects");
  plan.endsAtAnswer = text(from.Get("endsAt")) == "answer";
  plan.shutsDown = isTrue(from, "shutsDown");
  plan.resets = isTrue(from, "resets");
  plan.tellsPorts = isTrue(from, "tellsPorts");
  if (from.Get("sources").IsObject()) {
    auto sources = from.Get("sources").As<Napi::Object>();
    plan.firstSource = static_cast<uint32_t>(numberOf(sources, "first"));
    plan.sources = static_cast<uint32_t>(numberOf(sources, "count"));
  }
  return readAddress(from.Get("address").As<Napi::Object>(), plan);
}

/// In the event loop's thread, when the load's has nothing left to do.
void tellEnd(napi_env env, napi_value callback, void*, void* data) {
  auto& load = *static_cast<Load*>(data);
  load.thread.join();
  load.loop.reset();
  if (env == nullptr) return;
  const LoadSummary& found = load.summary;
  const double numbers[] = {found.begunAt,           found.measuredFrom, found.measuredUntil, found.clientTime,
                            found.clientConnections, found.unfinished,   found.unrecorded,    found.late};
  auto summary = Napi::Array::New(env);
  uint32_t index = 0;
  for (const double each : numbers) summary.Set(index++, Napi::Number::New(env, each));
  napi_release_threadsafe_function(load.onEnded, napi_tsfn_release);
  Napi::Function(env, callback).Call({summary});
}

}  // namespace

/// startLoad(plan, ring, onEnded): a handle, or -errno. The plan's shape is LoadPlan of src/native/load.ts.
Napi::Value startLoad(const Napi::CallbackInfo& info) {
  LoadPlan plan;
  if (const int error = readPlan(info[0].As<Napi::Object>(), plan); error < 0) return number(info, error);
  auto ring = info[1].As<Napi::ArrayBuffer>();
  const size_t capacity = (ring.ByteLength() - sizeof(RingHeader)) / sizeof(Sample);
  auto load = std::make_unique<Load>();
  load->ring = Napi::Persistent(ring);
  load->loop = std::make_unique<LoadLoop>(std::move(plan), static_cast<RingHeader*>(ring.Data()), capacity);
  if (const int error = load->loop->open(); error < 0) return number(info, error);
  const napi_value name = Napi::String::New(info.Env(), "load");
  if (napi_create_threadsafe_function(info.Env(), info[2], nullptr, name, 0, 1, nullptr, nullptr, nullptr, tellEnd,
                                      &load->onEnded) != napi_ok) {
    return number(info, -ENOMEM);
  }
  Load* running = load.release();
  const int error = running->thread.start([running] {
    running->summary = running->loop->run();
    napi_call_threadsafe_function(running->onEnded, running, napi_tsfn_blocking);
  });
  napi_add_env_cleanup_hook(info.Env(), stopAtExit, running);
  const auto handle = Napi::External<Load>::New(info.Env(), running, endLoad);
  if (error != 0) {
    napi_release_threadsafe_function(running->onEnded, napi_tsfn_abort);
    return number(info, error);
  }
  return handle;
}

/// stopLoad(handle): the end comes soon, through onEnded.
Napi::Value stopLoad(const Napi::CallbackInfo& info) {
  Load& load = *info[0].As<Napi::External<Load>>().Data();
  if (load.loop) load.loop->stop();
  return number(info, 0);
}

/// startResponder(kind, version): [handle, port or abstract path], or -errno.
Napi::Value startResponder(const Napi::CallbackInfo& info) {
  const std::string kind = text(info[0]);
  auto running = std::make_unique<RunningResponder>();
  const int family = familyOf(kind, integer(info, 1));
  int error = running->responder.open(family, kind == "udp" ? SOCK_DGRAM : SOCK_STREAM);
  RunningResponder* started = running.get();
  if (error == 0) error = running->thread.start([started] { started->responder.run(); });
  if (error < 0) return number(info, error);
  const sockaddr_storage& address = running->responder.address();
  auto out = Napi::Array::New(info.Env());
  out.Set(0U, Napi::External<RunningResponder>::New(info.Env(), running.release(),
                                                    [](Napi::Env, RunningResponder* ended) { delete ended; }));
  if (family == AF_UNIX) {
    const auto& unixAddress = reinterpret_cast<const sockaddr_un&>(address);
    const size_t length = started->responder.addressLength() - offsetof(sockaddr_un, sun_path);
    out.Set(1U, Napi::String::New(info.Env(), "@" + std::string(unixAddress.sun_path + 1, length - 1)));
  } else {
    const in_port_t port = family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                             : reinterpret_cast<const sockaddr_in6&>(address).sin6_port;
    out.Set(1U, Napi::Number::New(info.Env(), ntohs(port)));
  }
  return out;
}

/// stopResponder(handle)
Napi::Value stopResponder(const Napi::CallbackInfo& info) {
  info[0].As<Napi::External<RunningResponder>>().Data()->stop();
  return number(info, 0);
}
