// The private epoll: libuv watches this one descriptor, so that it never touches a listener that a handler may inherit.
#include "engine.hh"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <iterator>
#include <memory>

#include "api.hh"

namespace {

void onSweep(uv_timer_t* timer);

double microseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

/// What a child's peak says of the child: exec counts the memory it left, which was ours. 0 when it says nothing.
double peakOf(Engine& engine, long childPeak) {
  if (childPeak <= engine.ownPeak) return 0;
  rusage own = {};
  getrusage(RUSAGE_SELF, &own);
  engine.ownPeak = own.ru_maxrss;
  return childPeak > engine.ownPeak ? static_cast<double>(childPeak) : 0;
}

/// With so many children a look at all of them is soon dearer than all else that their ends cost: 10,000 that sleep made
/// the first byte of another client come after 2.3 times as long.
constexpr int kFewChildren = 64;
/// Milliseconds after which ends that nobody named are looked for; more where the look takes longer.
constexpr uint64_t kSweepPause = 10;
constexpr uint64_t kChildrenForAnother = 100;

void record(Engine& engine, Ended& out, Trace* trace, pid_t pid, int status, const rusage& usage) {
  const double reaped = trace ? momentNow() : 0;
  const StartFailure failure = engine.spawn.forget(pid);
  if (trace) *trace = engine.stamps->reap(pid, reaped);
  out = {
      static_cast<double>(pid),
      static_cast<double>(status),
      microseconds(usage.ru_utime),
      microseconds(usage.ru_stime),
      peakOf(engine, usage.ru_maxrss),
      static_cast<double>(failure.stage),
      static_cast<double>(failure.error),
      0,
  };
}

/// One batch of those that `next` names, -1 for any, until it names nobody; how many have ended.
template <typename Next>
size_t reapSome(Engine& engine, Next next) {
  const ChildSignal::Work work(engine.inCallback);
  size_t count = 0;
  while (count < kEnded) {
    const pid_t wanted = next();
    if (wanted == 0) break;
    int status = 0;
    rusage usage = {};
    const pid_t pid = wait4(wanted, &status, WNOHANG, &usage);
    // who was named may have been found by a look at all; when a look finds nobody there is nobody
    if (pid <= 0 && wanted > 0) continue;
    if (pid <= 0) break;
    record(engine, engine.ended[count], engine.stamps ? &engine.traces[count] : nullptr, pid, status, usage);
    count++;
  }
  return count;
}

template <typename Next>
void reap(Engine& engine, Next next) {
  for (;;) {
    const size_t count = reapSome(engine, next);
    if (count > 0) call(engine.onEnded, count);
    if (count < kEnded) return;
  }
}

/// Looks at all children. Where none of ours is left nobody is asked for another: only PID 1 and a subreaper have
/// children of others.
void reapAny(Engine& engine) {
  reap(engine, [&engine, isFirst = true]() mutable -> pid_t {
    const bool isOver = !isFirst && !engine.hasOrphans && engine.spawn.alive() == 0;
    isFirst = false;
    return isOver ? 0 : -1;
  });
}

/// All that have ended, in one call a batch. As PID 1 this includes orphans; JavaScript knows which are its own.
void reapAll(Engine& engine) {
  if (engine.spawn.alive() <= kFewChildren) return reapAny(engine);
  reap(engine, [&engine] { return engine.childSignal.takeNamed(); });
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(engine.sweep))) return;
  const auto children = static_cast<uint64_t>(engine.spawn.alive());
  uv_timer_start(engine.sweep, onSweep, kSweepPause + children / kChildrenForAnother, 0);
}

/// Also reaps what has ended while the engine was at work: libuv was not told.
void leave(Engine& engine) {
  while (engine.childSignal.take()) reapAll(engine);
  closeLeft(engine);
  engine.inCallback = false;
}

/// A timer's: those whose end was not named.
void onSweep(uv_timer_t* timer) {
  Engine& engine = *static_cast<Engine*>(timer->data);
  engine.inCallback = true;
  reapAny(engine);
  leave(engine);
}

void onPoll(uv_poll_t* handle, int, int) {
  Engine& engine = *static_cast<Engine*>(handle->data);
  engine.inCallback = true;
  epoll_event events[kReady];
  const int got = epoll_wait(engine.epoll.get(), events, kReady, 0);
  if (engine.stamps) engine.stamps->setReady(momentNow());
  size_t count = 0;
  for (int i = 0; i < got; i++) {
    engine.ready[count * 2] = events[i].data.u32;
    engine.ready[count * 2 + 1] = events[i].events;
    count++;
  }
  if (count > 0) call(engine.onReady, count);
  if (engine.stamps) engine.stamps->setReady(0);
  leave(engine);
}

/// libuv calls this after onPoll where both have something: new clients wait, the ended do not.
void onChildSignal(uv_signal_t* handle, int) {
  Engine& engine = *static_cast<Engine*>(handle->data);
  engine.inCallback = true;
  static_cast<void>(engine.childSignal.take());
  reapAll(engine);
  leave(engine);
}

/// Handles are closed in the order of the calls: the last says that all are.
void onCleanup(napi_async_cleanup_hook_handle hook, void* data) {
  Engine& engine = *static_cast<Engine*>(data);
  engine.childSignal.close();
  uv_close(reinterpret_cast<uv_handle_t*>(engine.childWatcher),
           [](uv_handle_t* closed) { delete reinterpret_cast<uv_signal_t*>(closed); });
  uv_close(reinterpret_cast<uv_handle_t*>(engine.sweep),
           [](uv_handle_t* closed) { delete reinterpret_cast<uv_timer_t*>(closed); });
  uv_close(reinterpret_cast<uv_handle_t*>(engine.leaving),
           [](uv_handle_t* closed) { delete reinterpret_cast<uv_timer_t*>(closed); });
  engine.poll->data = hook;
  uv_close(reinterpret_cast<uv_handle_t*>(engine.poll), [](uv_handle_t* closed) {
    napi_remove_async_cleanup_hook(static_cast<napi_async_cleanup_hook_handle>(closed->data));
    delete reinterpret_cast<uv_poll_t*>(closed);
  });
}

int openEngine(Engine& engine, Napi::Env env, Memory memory) {
  engine.epoll.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!engine.epoll.isOpen()) return -errno;
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  // where few descriptors are allowed, a quarter of them is enough for what is short-lived
  if (limit.rlim_cur < 4 * kHighDescriptors) engine.highBase = static_cast<int>(limit.rlim_cur / 4);
  if (const int error = engine.spawn.open(engine.highBase, memory); error < 0) return error;

  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  engine.poll = new uv_poll_t;
  engine.poll->data = &engine;
  if (const int error = uv_poll_init(loop, engine.poll, engine.epoll.get()); error < 0) return error;
  if (const int error = uv_poll_start(engine.poll, UV_READABLE, onPoll); error < 0) return error;
  engine.leaving = new uv_timer_t;
  engine.leaving->data = &engine;
  if (const int error = uv_timer_init(loop, engine.leaving); error < 0) return error;
  engine.sweep = new uv_timer_t;
  engine.sweep->data = &engine;
  if (const int error = uv_timer_init(loop, engine.sweep); error < 0) return error;
  engine.childWatcher = new uv_signal_t;
  engine.childWatcher->data = &engine;
  if (const int error = uv_signal_init(loop, engine.childWatcher); error < 0) return error;
  if (const int error = uv_signal_start(engine.childWatcher, onChildSignal, SIGCHLD); error < 0) return error;
  engine.childSignal.open();
  engine.hasOrphans = getpid() == 1;
  napi_add_async_cleanup_hook(env, onCleanup, &engine, &engine.cleanup);
  return 0;
}

/// What JavaScript can wait for: readable, each arrival, writable, an end or an error.
constexpr uint32_t kWatchedFor[] = {EPOLLIN | EPOLLRDHUP, EPOLLIN | EPOLLRDHUP | EPOLLET, EPOLLOUT, 0};

}  // namespace

void sweepSoon(Engine& engine) { uv_timer_start(engine.sweep, onSweep, 1, 0); }

/// A child says nothing when it has left the table: waking us would cost it more than all else it does before its exec.
/// Most often the next event comes sooner; where none does, a client must not wait for our copy of its connection.
void closeLeft(Engine& engine) {
  constexpr uint64_t kPatience = 2;  // milliseconds
  if (engine.spawn.closeLeft() || uv_is_active(reinterpret_cast<uv_handle_t*>(engine.leaving))) return;
  uv_timer_start(
      engine.leaving, [](uv_timer_t* timer) { closeLeft(*static_cast<Engine*>(timer->data)); }, kPatience, 0);
}

void call(const Napi::FunctionReference& function, size_t count) {
  const Napi::Env env = function.Env();
  const Napi::HandleScope scope(env);
  const napi_value argument = Napi::Number::New(env, static_cast<double>(count));
  const napi_value whole = env.Global();
  if (napi_make_callback(env, nullptr, whole, function.Value(), 1, &argument, nullptr) == napi_pending_exception) {
    napi_value error = nullptr;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
}

Engine* engineOf(Napi::Env env) { return env.GetInstanceData<Engine>(); }

/// start(buffer, onReady, onEnded, copiesMemory): 0 or -errno.
Napi::Value start(const Napi::CallbackInfo& info) {
  auto engine = std::make_unique<Engine>();
  auto buffer = info[0].As<Napi::ArrayBuffer>();
  constexpr size_t kReadyOffset = kRecords * sizeof(Record);
  constexpr size_t kEndedOffset = kReadyOffset + kReady * 2 * sizeof(uint32_t);
  if (buffer.ByteLength() < kEndedOffset + kEnded * sizeof(Ended)) return number(info, -EINVAL);
  auto* base = static_cast<uint8_t*>(buffer.Data());
  engine->buffer = Napi::Persistent(buffer);
  engine->records = reinterpret_cast<Record*>(base);
  engine->ready = reinterpret_cast<uint32_t*>(base + kReadyOffset);
  engine->ended = reinterpret_cast<Ended*>(base + kEndedOffset);
  engine->onReady = Napi::Persistent(info[1].As<Napi::Function>());
  engine->onEnded = Napi::Persistent(info[2].As<Napi::Function>());
  const Memory memory = info[3].As<Napi::Boolean>() ? Memory::Copied : Memory::Shared;
  const int error = openEngine(*engine, info.Env(), memory);
  info.Env().SetInstanceData(engine.release());
  return number(info, error);
}

/// stop(): neither the private epoll nor the children keep the event loop alive any longer.
Napi::Value stop(const Napi::CallbackInfo& info) {
  uv_unref(reinterpret_cast<uv_handle_t*>(engineOf(info.Env())->poll));
  uv_unref(reinterpret_cast<uv_handle_t*>(engineOf(info.Env())->childWatcher));
  return number(info, 0);
}

/// traceConnections(traces | null): from here on connections are stamped, and each ended child has its row of eight
/// doubles in `traces`, beside its row in the buffer; with null nothing is stamped any more.
Napi::Value traceConnections(const Napi::CallbackInfo& info) {
  Engine& engine = *engineOf(info.Env());
  engine.spawn.stampInto(nullptr);
  engine.stamps.reset();
  engine.traceBuffer.Reset();
  if (!info[0].IsTypedArray()) return number(info, 0);
  auto traces = info[0].As<Napi::Float64Array>();
  if (traces.ByteLength() < kEnded * sizeof(Trace)) return number(info, -EINVAL);
  engine.traceBuffer = Napi::Persistent(traces);
  engine.traces = reinterpret_cast<Trace*>(traces.Data());
  engine.stamps = std::make_unique<Stamps>();
  engine.spawn.stampInto(engine.stamps.get());
  return number(info, 0);
}

/// watch(fd, token, how): 0 or -errno. A descriptor that is watched already is changed.
Napi::Value watch(const Napi::CallbackInfo& info) {
  const Engine& engine = *engineOf(info.Env());
  epoll_event event = {};
  event.events = kWatchedFor[static_cast<size_t>(integer(info, 2)) % std::size(kWatchedFor)];
  event.data.u64 = info[1].As<Napi::Number>().Uint32Value();
  const int descriptor = integer(info, 0);
  if (epoll_ctl(engine.epoll.get(), EPOLL_CTL_ADD, descriptor, &event) == 0) return number(info, 0);
  if (errno != EEXIST) return number(info, -errno);
  return number(info, epoll_ctl(engine.epoll.get(), EPOLL_CTL_MOD, descriptor, &event) < 0 ? -errno : 0);
}

/// unwatch(fd): must come before a close, because a handler may hold the same open file and keep it in the epoll.
Napi::Value unwatch(const Napi::CallbackInfo& info) {
  epoll_event ignored = {};
  const int result = epoll_ctl(engineOf(info.Env())->epoll.get(), EPOLL_CTL_DEL, integer(info, 0), &ignored);
  return number(info, result < 0 ? -errno : 0);
}
