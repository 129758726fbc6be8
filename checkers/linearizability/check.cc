// The entry points for the built-in models, so that each is compiled once.
#include "checkers/linearizability/check.h"

#include "checkers/linearizability/models.h"

namespace faultline::linearizability {

Result check(const Register& model, std::span<const RegisterOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const MultiRegister& model, std::span<const MultiRegisterOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const Kv& model, std::span<const KvOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const Mutex& model, std::span<const MutexOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const Set& model, std::span<const SetOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const Queue& model, std::span<const QueueOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const Stack& model, std::span<const QueueOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const Log& model, std::span<const LogOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

Result check(const Znodes& model, std::span<const ZnodeOperation> operations, const Options& options) {
  return check_model(model, operations, options);
}

}  // namespace faultline::linearizability
