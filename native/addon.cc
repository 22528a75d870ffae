// The list of functions that the addon offers.
#include <napi.h>

#include "api.hh"

namespace {

struct Function {
  const char* name;
  Napi::Value (*call)(const Napi::CallbackInfo&);
};

constexpr Function kFunctions[] = {
    {"start", start},
    {"traceConnections", traceConnections},
    {"watch", watch},
    {"unwatch", unwatch},
    {"stop", stop},
    {"openSocket", openSocket},
    {"setOption", setOption},
    {"getOption", getOption},
    {"getOptionText", getOptionText},
    {"dressSocket", dressSocket},
    {"openFifo", openFifo},
    {"dressFifo", dressFifo},
    {"setPipeSize", setPipeSize},
    {"pipeSize", pipeSize},
    {"adoptDescriptor", adoptDescriptor},
    {"fileOf", fileOf},
    {"ownProcessInode", ownProcessInode},
    {"setBlocking", setBlocking},
    {"bindInternet", bindInternet},
    {"bindVsock", bindVsock},
    {"bindUnix", bindUnix},
    {"probeUnix", probeUnix},
    {"listenOn", listenOn},
    {"localPort", localPort},
    {"acceptBatch", acceptBatch},
    {"raiseDescriptor", raiseDescriptor},
    {"queueLength", queueLength},
    {"ignoreNewClients", ignoreNewClients},
    {"stopListening", stopListening},
    {"closeDescriptor", closeDescriptor},
    {"openNull", openNull},
    {"setSourceFilter", setSourceFilter},
    {"fillLocal", fillLocal},
    {"socketCookie", socketCookie},
    {"readNow", readNow},
    {"writeNow", writeNow},
    {"receiveDatagram", receiveDatagram},
    {"sendDatagram", sendDatagram},
    {"countSenders", countSenders},
    {"connectDatagram", connectDatagram},
    {"injectDatagram", injectDatagram},
    {"openLogPair", openLogPair},
    {"receiveLog", receiveLog},
    {"connectLog", connectLog},
    {"sendMessages", sendMessages},
    {"openNotify", openNotify},
    {"receiveNotify", receiveNotify},
    {"sendNotify", sendNotify},
    {"isSameFile", isSameFile},
    {"countFlows", countFlows},
    {"countFlowsNow", countFlowsNow},
    {"becomeSubreaper", becomeSubreaper},
    {"findChildren", findChildren},
    {"findTree", findTree},
    {"describeProcess", describeProcess},
    {"hasVariable", hasVariable},
    {"signalProcess", signalProcess},
    {"compileRecipe", compileRecipe},
    {"spawnRecipe", spawnRecipe},
    {"errorText", errorText},
    {"raiseDescriptorLimit", raiseDescriptorLimit},
    {"trimMemory", trimMemory},
    {"exitNow", exitNow},
    {"zoneName", zoneName},
    {"silenceStandardError", silenceStandardError},
    {"openMemoryFile", openMemoryFile},
    {"holdProcess", holdProcess},
    {"signalHeld", signalHeld},
    {"inspectSocket", inspectSocket},
    {"openTracer", openTracer},
    {"readTracer", readTracer},
    {"countLost", countLost},
    {"closeTracer", closeTracer},
    {"connectStream", connectStream},
    {"connectState", connectState},
    {"openRelay", openRelay},
    {"joinFlow", joinFlow},
    {"stopFlow", stopFlow},
    {"quietTime", quietTime},
    {"startLoad", startLoad},
    {"stopLoad", stopLoad},
    {"startResponder", startResponder},
    {"stopResponder", stopResponder},
    {"lookupAccount", lookupAccount},
    {"lookupGroup", lookupGroup},
    {"lookupPort", lookupPort},
    {"lookupRpc", lookupRpc},
    {"lookupNetgroup", lookupNetgroup},
};

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  for (const auto& [name, call] : kFunctions) exports.Set(name, Napi::Function::New(env, call, name));
  return exports;
}

}  // namespace

NODE_API_MODULE(acceptd, initialise)
