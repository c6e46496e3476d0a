# The Homebrew cask. The release workflow fills in what is between @ and puts it beside the
# disk images; a tap is made of it by committing it as Casks/portcullis.rb.
cask "portcullis" do
  arch arm: "aarch64", intel: "x64"

  version "@VERSION@"
  sha256 arm:   "@SHA256_AARCH64@",
         intel: "@SHA256_X64@"

  url "@RELEASE_URL@/portcullis_#{version}_#{arch}.dmg"
  name "portcullis"
  desc "Local proxy for language-model APIs, in the menu bar"
  homepage "@HOMEPAGE@"

  depends_on macos: ">= :big_sur"

  app "portcullis.app"
  binary "#{appdir}/portcullis.app/Contents/MacOS/portcullis"

  uninstall quit:      "io.github.portcullis.portcullis",
            launchctl: "portcullis"

  # Only `brew uninstall --zap` takes the user's own files.
  zap trash: [
    "~/Library/Application Support/portcullis",
    "~/Library/LaunchAgents/portcullis.plist",
  ]
end
