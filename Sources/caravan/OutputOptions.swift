import ArgumentParser
import Runs

/// What a run says while it goes on.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Say nothing but warnings on standard error; log.txt has the rest.")
  var quiet = false

  @Option(
    help: ArgumentHelp(
      "text, or json: an object a line on standard error and in log.txt.", valueName: "text|json"))
  var logFormat = RunOutput.Format.text

  @Option(
    help: ArgumentHelp(
      "Every how many steps metrics.jsonl and TensorBoard get loss, rate and sessions/s.", valueName: "steps"))
  var logEvery = 50

  func validate() throws {
    if logEvery < 1 { throw ValidationError("--log-every is a whole number from 1, it is \(logEvery)") }
  }

  var output: RunOutput {
    var output = RunOutput()
    (output.says, output.format, output.stepsPerRecord) = (quiet ? .warnings : .everything, logFormat, logEvery)
    return output
  }
}

extension RunOutput.Format: ExpressibleByArgument {}
