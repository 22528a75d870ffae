// Flows as JavaScript has them: joined, stopped, asked about, and told of once when they have ended.
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "api.hh"
#include "engine.hh"

namespace {

/// Of all descriptors that are allowed, pipes take no more than this part: two each.
constexpr rlim_t kPipesPart = 16;

size_t mostPipes() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<size_t>(std::min<rlim_t>(limit.rlim_cur / kPipesPart, 1024));
}

struct Rows {
  Napi::Reference<Napi::Float64Array> array;
  FlowEnd* ends = nullptr;
  size_t count = 0;
  Napi::FunctionReference onEnded;
};

void tell(const Rows& rows, const std::vector<FlowEnd>& ends) {
  for (size_t from = 0; from < ends.size(); from += rows.count) {
    const size_t count = std::min(rows.count, ends.size() - from);
    std::copy_n(ends.begin() + static_cast<ptrdiff_t>(from), count, rows.ends);
    call(rows.onEnded, count);
  }
}

void onCleanup(napi_async_cleanup_hook_handle hook, void* data) {
  static_cast<Relay*>(data)->close([hook] { napi_remove_async_cleanup_hook(hook); });
}

}  // namespace

/// openRelay(rows, onEnded): once; `rows` has room for ends of flows, eight doubles each. 0 or -errno.
Napi::Value openRelay(const Napi::CallbackInfo& info) {
  Engine& engine = *engineOf(info.Env());
  auto array = info[0].As<Napi::Float64Array>();
  auto rows = std::make_shared<Rows>();
  rows->array = Napi::Persistent(array);
  rows->ends = reinterpret_cast<FlowEnd*>(array.Data());
  rows->count = array.ByteLength() / sizeof(FlowEnd);
  rows->onEnded = Napi::Persistent(info[1].As<Napi::Function>());
  if (rows->count == 0) return number(info, -EINVAL);
  const auto raiseAs = [&engine](int low, bool isOurs) {
    const int high = raise(engine, low, isOurs);
    return high < 0 ? low : high;
  };
  DescriptorWays ways = {
      [raiseAs](int low) { return raiseAs(low, true); },
      [&engine](int descriptor) { engine.spawn.closeCounted(descriptor); },
      [raiseAs](int low) { return raiseAs(low, false); },
      [&engine] { return engine.spawn.alive() > 0; },
  };
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(info.Env(), &loop);
  auto relay = std::make_unique<Relay>();
  const auto onEnded = [rows](const std::vector<FlowEnd>& ends) { tell(*rows, ends); };
  const int error = relay->open(loop, std::move(ways), mostPipes(), onEnded);
  if (error < 0) return number(info, error);
  engine.relay = std::move(relay);
  napi_async_cleanup_hook_handle hook = nullptr;
  napi_add_async_cleanup_hook(info.Env(), onCleanup, engine.relay.get(), &hook);
  return number(info, 0);
}

/// joinFlow(first, second): the id of the flow, or -errno; both sockets are taken in any case.
Napi::Value joinFlow(const Napi::CallbackInfo& info) {
  return number(info, engineOf(info.Env())->relay->join(integer(info, 0), integer(info, 1)));
}

/// saveFlow(id, numbers): the bytes under way in each direction, or -errno; `numbers` has both descriptors, and for each
/// direction taken, given, whether its end was read and whether it was passed on.
Napi::Value saveFlow(const Napi::CallbackInfo& info) {
  SavedFlow saved;
  if (!engineOf(info.Env())->relay->save(static_cast<uint32_t>(integer(info, 0)), saved)) return number(info, -ENOENT);
  auto numbers = info[1].As<Napi::Float64Array>();
  numbers[0] = saved.first;
  numbers[1] = saved.second;
  auto out = Napi::Array::New(info.Env(), 2);
  size_t at = 2;
  uint32_t index = 0;
  for (const SavedDirection* each : {&saved.there, &saved.back}) {
    numbers[at++] = static_cast<double>(each->taken);
    numbers[at++] = static_cast<double>(each->given);
    numbers[at++] = each->isAtEnd ? 1 : 0;
    numbers[at++] = each->isFinished ? 1 : 0;
    auto bytes = Napi::Uint8Array::New(info.Env(), each->kept.size());
    std::copy(each->kept.begin(), each->kept.end(), bytes.Data());
    out.Set(index++, bytes);
  }
  return out;
}

/// restoreFlow(numbers, there, back): as joinFlow().
Napi::Value restoreFlow(const Napi::CallbackInfo& info) {
  auto numbers = info[0].As<Napi::Float64Array>();
  SavedFlow saved;
  saved.first = static_cast<int>(numbers[0]);
  saved.second = static_cast<int>(numbers[1]);
  size_t at = 2;
  size_t index = 1;
  for (SavedDirection* each : {&saved.there, &saved.back}) {
    each->taken = static_cast<uint64_t>(numbers[at++]);
    each->given = static_cast<uint64_t>(numbers[at++]);
    each->isAtEnd = numbers[at++] != 0;
    each->isFinished = numbers[at++] != 0;
    auto bytes = info[index++].As<Napi::Uint8Array>();
    each->kept.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  }
  return number(info, engineOf(info.Env())->relay->join(saved));
}

/// stopFlow(id, resets, row): whether it ran; then `row` is its end.
Napi::Value stopFlow(const Napi::CallbackInfo& info) {
  const auto id = static_cast<uint32_t>(integer(info, 0));
  const bool resets = info[1].As<Napi::Boolean>();
  auto row = info[2].As<Napi::Float64Array>();
  FlowEnd end = {};
  if (!engineOf(info.Env())->relay->stop(id, resets, end)) return number(info, 0);
  *reinterpret_cast<FlowEnd*>(row.Data()) = end;
  return number(info, 1);
}

/// quietTime(id): milliseconds in which nothing was moved, or -errno.
Napi::Value quietTime(const Napi::CallbackInfo& info) {
  return number(info, engineOf(info.Env())->relay->quietTime(static_cast<uint32_t>(integer(info, 0))));
}
