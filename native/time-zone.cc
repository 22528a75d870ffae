// The local time zone's abbreviation, which JavaScript has only through tables that take long to load.
#include <ctime>

#include "api.hh"

/// zoneName(secondsSince1970): as strftime(3) writes %Z, "" where that is not known.
Napi::Value zoneName(const Napi::CallbackInfo& info) {
  const auto moment = static_cast<time_t>(info[0].As<Napi::Number>().Int64Value());
  tm local = {};
  char name[64] = {};
  if (localtime_r(&moment, &local)) strftime(name, sizeof name, "%Z", &local);
  return Napi::String::New(info.Env(), name);
}
