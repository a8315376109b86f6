#pragma once

#include <string>

#include <postrider/base/result.hpp>
#include <postrider/codec/http/message.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::flow {

// What a filter answers over a connection that it ends. Errors: for the log, without its name.
[[nodiscard]] engine::Task<Result<http::Response, std::string>> hear_answer(engine::Stream& stream,
                                                                            engine::Until until);

}  // namespace postrider::flow
