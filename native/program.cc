// Recipes from JavaScript, and starting them.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string_view>

#include "api.hh"
#include "engine.hh"

namespace {

using SharedRecipe = std::shared_ptr<const Recipe>;

std::vector<std::string> texts(const Napi::Value& value) {
  auto array = value.As<Napi::Array>();
  std::vector<std::string> out;
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) out.push_back(text(array.Get(i)));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& from) {
  std::vector<char*> out;
  out.reserve(from.size() + 1);
  for (std::string& one : from) out.push_back(one.data());
  return out;
}

/// What has another disposition than the default here and would be inherited, or would run our handler in the child;
/// with what acceptd may come to catch after the recipe was compiled. Not simply all: that is 60 system calls a spawn.
std::vector<int> signalsToReset() {
  std::vector<int> out = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTERM, SIGCHLD, SIGWINCH};
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action = {};
    const bool isDefault = sigaction(number, nullptr, &action) < 0 || action.sa_handler == SIG_DFL;
    if (!isDefault && std::find(out.begin(), out.end(), number) == out.end()) out.push_back(number);
  }
  return out;
}

std::vector<int> signalsIgnored() {
  std::vector<int> out;
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action = {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) out.push_back(number);
  }
  return out;
}

double numberOf(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Number>().DoubleValue(); }

/// Whether the inode of a pidfd is a process's own (pidfs, Linux 6.9); before, all had the same.
bool hasPidfdInodes() {
  constexpr auto kPidfs = 0x50494446;
  const Fd own(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  struct statfs status = {};
  return own.isOpen() && fstatfs(own.get(), &status) == 0 && status.f_type == kPidfs;
}

int openFlags(std::string_view how) {
  // a terminal that is opened must not become the session's own
  constexpr int always = O_NOCTTY | O_CLOEXEC;
  if (how == "read") return O_RDONLY | always;
  const int more = how == "append" ? O_APPEND : how == "truncate" ? O_TRUNC : 0;
  return O_WRONLY | O_CREAT | more | always;
}

uint64_t maskOf(const Napi::Value& value) {
  auto numbers = value.As<Napi::Array>();
  uint64_t mask = 0;
  for (uint32_t i = 0; i < numbers.Length(); i++) mask |= uint64_t{1} << (numbers.Get(i).As<Napi::Number>().Uint32Value() & 63);
  return mask;
}

/// What is not there need not be dropped, so that who has nothing to drop needs no right to.
Privileges privilegesOf(const Napi::Object& from) {
  Privileges out;
  if (from.Get("bounding").IsArray()) {
    const uint64_t kept = maskOf(from.Get("bounding"));
    for (int capability = 0; capability < 64; capability++) {
      const uint64_t bit = uint64_t{1} << capability;
      if ((kept & bit) != 0 || prctl(PR_CAPBSET_READ, capability) != 1) continue;
      out.dropped.push_back(capability);
      out.droppedMask |= bit;
    }
  }
  out.ambient = maskOf(from.Get("ambient"));
  if (from.Get("secureBits").IsNumber()) out.secureBits = static_cast<int>(numberOf(from, "secureBits"));
  out.hasNoNewPrivileges = from.Get("noNewPrivileges").As<Napi::Boolean>();
  return out;
}

std::vector<unsigned long> processorMask(const Napi::Array& processors) {
  constexpr uint32_t kBits = 8 * sizeof(unsigned long);
  std::vector<unsigned long> out(1);
  for (uint32_t i = 0; i < processors.Length(); i++) {
    const uint32_t number = processors.Get(i).As<Napi::Number>().Uint32Value();
    if (number / kBits >= out.size()) out.resize(number / kBits + 1);
    out[number / kBits] |= 1UL << number % kBits;
  }
  return out;
}

void setScheduling(Recipe& recipe, const Napi::Object& from) {
  if (from.Get("scheduler").IsObject()) {
    auto scheduler = from.Get("scheduler").As<Napi::Object>();
    const int flags = scheduler.Get("resetsOnFork").As<Napi::Boolean>() ? SCHED_RESET_ON_FORK : 0;
    recipe.scheduler = {static_cast<int>(numberOf(scheduler, "policy")) | flags,
                        static_cast<int>(numberOf(scheduler, "priority"))};
  }
  if (from.Get("affinity").IsArray()) recipe.affinity = processorMask(from.Get("affinity").As<Napi::Array>());
  if (from.Get("ioPriority").IsNumber()) recipe.ioPriority = static_cast<int>(numberOf(from, "ioPriority"));
  if (from.Get("oomScoreAdjust").IsNumber()) {
    recipe.oomScoreAdjust = std::to_string(static_cast<int>(numberOf(from, "oomScoreAdjust")));
  }
}

Napi::Value handleOf(Napi::Env env, std::shared_ptr<Recipe> recipe) {
  return Napi::External<SharedRecipe>::New(env, new SharedRecipe(std::move(recipe)),
                                           [](Napi::Env, SharedRecipe* handle) { delete handle; });
}

/// To be called when the texts stay where they are.
void pointAtTexts(Recipe& recipe) {
  recipe.arguments = pointers(recipe.argumentTexts);
  recipe.arguments.push_back(nullptr);
  recipe.environment = pointers(recipe.environmentTexts);
}

rlim_t limitOf(double value) { return value < 0 ? RLIM_INFINITY : static_cast<rlim_t>(value); }

}  // namespace

/// compileRecipe(plan): a handle for spawnRecipe; the plan's shape is RecipePlan of src/native/recipe-plan.ts.
Napi::Value compileRecipe(const Napi::CallbackInfo& info) {
  auto plan = info[0].As<Napi::Object>();
  auto recipe = std::make_shared<Recipe>();
  recipe->file = text(plan.Get("file"));
  recipe->argumentTexts = texts(plan.Get("arguments"));
  recipe->environmentTexts = texts(plan.Get("environment"));
  pointAtTexts(*recipe);
  for (const std::string& name : texts(plan.Get("pidVariables"))) recipe->pidPrefixes.push_back(name + "=");
  recipe->hasPidfdVariable = plan.Get("hasPidfdVariable").As<Napi::Boolean>() && hasPidfdInodes();
  recipe->hasInvocationId = plan.Get("hasInvocationId").As<Napi::Boolean>();
  recipe->isAdopting = plan.Get("isAdopting").As<Napi::Boolean>();
  recipe->hasSession = plan.Get("hasSession").As<Napi::Boolean>();

  auto variables = plan.Get("addressVariables").As<Napi::Array>();
  for (uint32_t i = 0; i < variables.Length(); i++) {
    auto variable = variables.Get(i).As<Napi::Object>();
    recipe->dynamicVariables.push_back(
        {text(variable.Get("name")) + "=", static_cast<Field>(static_cast<int>(numberOf(variable, "field")))});
  }
  auto layout = plan.Get("layout").As<Napi::Array>();
  for (uint32_t i = 0; i < layout.Length(); i++) {
    recipe->layout.push_back(layout.Get(i).As<Napi::Number>().Int32Value());
  }
  auto files = plan.Get("files").As<Napi::Array>();
  for (uint32_t i = 0; i < files.Length(); i++) {
    auto file = files.Get(i).As<Napi::Object>();
    recipe->files.push_back({text(file.Get("path")), openFlags(text(file.Get("how")))});
  }
  auto limits = plan.Get("resourceLimits").As<Napi::Array>();
  for (uint32_t i = 0; i < limits.Length(); i++) {
    auto limit = limits.Get(i).As<Napi::Object>();
    recipe->resourceLimits.push_back({static_cast<int>(numberOf(limit, "resource")),
                                      {limitOf(numberOf(limit, "soft")), limitOf(numberOf(limit, "hard"))}});
  }
  if (plan.Get("nice").IsNumber()) recipe->nice = static_cast<int>(numberOf(plan, "nice"));
  if (plan.Get("umask").IsNumber()) recipe->umask = static_cast<mode_t>(numberOf(plan, "umask"));
  recipe->rootDirectory = text(plan.Get("rootDirectory"));
  recipe->workingDirectory = text(plan.Get("workingDirectory"));
  if (plan.Get("credentials").IsObject()) {
    auto credentials = plan.Get("credentials").As<Napi::Object>();
    recipe->setsCredentials = true;
    recipe->uid = static_cast<uid_t>(numberOf(credentials, "uid"));
    recipe->gid = static_cast<gid_t>(numberOf(credentials, "gid"));
    auto groups = credentials.Get("groups").As<Napi::Array>();
    for (uint32_t i = 0; i < groups.Length(); i++) {
      recipe->groups.push_back(groups.Get(i).As<Napi::Number>().Uint32Value());
    }
  }
  if (plan.Get("privileges").IsObject()) recipe->privileges = privilegesOf(plan.Get("privileges").As<Napi::Object>());
  if (plan.Get("scheduling").IsObject()) setScheduling(*recipe, plan.Get("scheduling").As<Napi::Object>());
  recipe->ignoresPipe = plan.Get("ignoresPipe").As<Napi::Boolean>();
  recipe->tellsLocal = std::any_of(
      recipe->dynamicVariables.begin(), recipe->dynamicVariables.end(),
      [](const DynamicVariable& each) { return each.field == Field::LocalAddress || each.field == Field::LocalPort; });
  recipe->ignoredSignals = signalsIgnored();
  recipe->signals = signalsToReset();
  return handleOf(info.Env(), std::move(recipe));
}

/// replaceVariables(recipe, ["NAME=old", "NAME=new", ...]): another handle, for the same but for these variables.
/// Compiling asks the kernel for the disposition of each signal twice; this asks it for nothing.
Napi::Value replaceVariables(const Napi::CallbackInfo& info) {
  const std::vector<std::string> pairs = texts(info[1]);
  auto recipe = std::make_shared<Recipe>(**info[0].As<Napi::External<SharedRecipe>>().Data());
  for (std::string& variable : recipe->environmentTexts) {
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      if (variable != pairs[i]) continue;
      variable = pairs[i + 1];
      break;
    }
  }
  pointAtTexts(*recipe);
  return handleOf(info.Env(), std::move(recipe));
}

/// spawnRecipe(recipe, fd, recordBytes | null, keeps): the pid or -errno. `fd` is closed unless `keeps` or -errno.
Napi::Value spawnRecipe(const Napi::CallbackInfo& info) {
  Engine& engine = *engineOf(info.Env());
  const SharedRecipe& recipe = *info[0].As<Napi::External<SharedRecipe>>().Data();
  Record record;
  const bool hasRecord = info[2].IsTypedArray();
  if (hasRecord) memcpy(&record, info[2].As<Napi::Uint8Array>().Data(), sizeof record);
  const int descriptor = integer(info, 1);
  const bool keeps = info[3].As<Napi::Boolean>();
  const ChildSignal::Work work(engine.inCallback);
  const pid_t pid = engine.spawn.spawn(recipe, descriptor, hasRecord ? &record : nullptr, keeps);
  // within a callback of the epoll this is done once, at its end
  if (!engine.inCallback) closeLeft(engine);
  return number(info, pid);
}

/// hasExecuted(pid): whether a child of spawnRecipe() is its program by now. A copied child says nothing and counts as one.
Napi::Value hasExecuted(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), engineOf(info.Env())->spawn.hasExecuted(integer(info, 0)));
}
