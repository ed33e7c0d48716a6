import Foundation

/// The clocks, which name files and time what is done.
package struct ClockCheck {
  let now: Date
  /// The kernel's source of time, such as `tsc`; nil where it does not say.
  let source: String?

  package init(now: Date, source: String?) {
    self.now = now
    self.source = source
  }

  /// Those of this machine.
  init() {
    self.init(
      now: Date(), source: SystemFile.text("/sys/devices/system/clocksource/clocksource0/current_clocksource"))
  }

  /// No machine that runs this is of an earlier time: 2025.
  private static let earliest = Date(timeIntervalSince1970: 1_735_689_600)

  package var findings: [Finding] {
    if now < Self.earliest {
      return [.note("clock", "it says \(now.ISO8601Format())", do: "set it: dates of files and logs would be wrong")]
    }
    if let source, ["hpet", "acpi_pm", "jiffies"].contains(source) {
      return [.note("clock", "its source is \(source), slow to read", do: "look why the kernel gave up tsc (dmesg)")]
    }
    return [.ok("clock", "\(now.ISO8601Format())" + (source.map { ", source \($0)" } ?? ""))]
  }
}
