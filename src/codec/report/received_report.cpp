#include "entity.hpp"
#include "unpack.hpp"

#include <optional>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/report/received_report.hpp>

namespace postrider::report {

namespace {

using Error = ReceivedReportError;

std::string_view without_beginning(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  while (!text.empty() && (is_wsp(text.front()) || text.front() == '\r' || text.front() == '\n')) {
    text.remove_prefix(1);
  }
  return text;
}

std::optional<ReportFormat> format_of(std::string_view content) {
  // A report names itself within its first lines; so much of it may be comments.
  constexpr std::size_t looked_at = 16 * 1024;
  content = without_beginning(content).substr(0, looked_at);
  if (content.starts_with('<') && content.find("<feedback") != content.npos) {
    return ReportFormat::xml;
  }
  if (content.starts_with('{')) {
    return ReportFormat::json;
  }
  return std::nullopt;
}

class Extraction {
 public:
  [[nodiscard]] Result<ReceivedReport, Error> run(std::string_view message) {
    if (message.size() > received_report_limits::mail_octets) {
      return failure(Error::hostile);
    }
    return look_into(message, 0);
  }

 private:
  Result<ReceivedReport, Error> look_into(std::string_view octets, std::size_t depth) {
    namespace limits = received_report_limits;
    if (depth > limits::depth || ++parts_ > limits::parts) {
      return failure(Error::hostile);
    }
    const auto entity = read_entity(octets);
    if (!entity) {
      return failure(Error::none);
    }
    if (entity->type.type != "multipart") {
      return look_at(*entity);
    }
    Error error = Error::none;
    for (const std::string_view part :
         mime::split_multipart(entity->body, entity->type.parameter("boundary").value_or(""))) {
      auto found = look_into(part, depth + 1);
      if (found || found.error() == Error::hostile) {
        return found;
      }
      error = error == Error::none ? found.error() : error;
    }
    return failure(error);
  }

  static Result<ReceivedReport, Error> look_at(const Entity& entity) {
    if (entity.type.is("text", "plain") || entity.type.is("text", "html")) {
      // Some send the report itself so; the words beside a report are no JSON.
      if (format_of(entity.body) != ReportFormat::xml) {
        return failure(Error::none);
      }
    }
    std::string content;
    if (is_gzip(entity.body)) {
      auto unpacked = gunzip_report(entity.body);
      if (!unpacked) {
        return failure(unpacked.error());
      }
      content = *std::move(unpacked);
    } else if (is_zip(entity.body)) {
      auto unpacked = unzip_report(entity.body);
      if (!unpacked) {
        return failure(unpacked.error());
      }
      content = *std::move(unpacked);
    } else {
      content = entity.body;
    }
    if (is_gzip(content) || is_zip(content) || content.size() > received_report_limits::octets) {
      return failure(Error::hostile);
    }
    const auto format = format_of(content);
    if (!format) {
      return failure(Error::none);
    }
    return ReceivedReport{*format, std::move(content)};
  }

  std::size_t parts_ = 0;
};

}  // namespace

std::string_view describe(ReceivedReportError error) {
  switch (error) {
    case Error::none:
      return "there is no report in it";
    case Error::damaged:
      return "its report can't be unpacked";
    case Error::hostile:
      return "its report is past the limits of what is unpacked";
  }
  return "unknown";
}

Result<ReceivedReport, ReceivedReportError> extract_report(std::string_view message) {
  return Extraction().run(message);
}

}  // namespace postrider::report
