# Installs wheeltapper from this folder, without internet. Usage: .\install.ps1 [-Root FOLDER] [-Python py -PythonArguments "-3.11"]
# Each version gets a folder of its own; current.txt says which one the service starts.
param(
    [string]$Root = "$env:ProgramFiles\wheeltapper",
    [string]$Python = "py",
    [string[]]$PythonArguments = @("-3.11")
)
$ErrorActionPreference = "Stop"
$here = $PSScriptRoot
$name = Split-Path $here -Leaf

function Invoke-Checked([string]$Program, [string[]]$Arguments) {
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program $Arguments ended with code $LASTEXITCODE" }
}

Invoke-Checked $Python ($PythonArguments + @("$here\verify.py"))
$target = Join-Path $Root $name
$venv = Join-Path $target ".venv"
if (Test-Path $venv) { throw "$venv is there already; remove $target to install it again" }
New-Item -ItemType Directory -Force $target | Out-Null
Invoke-Checked $Python ($PythonArguments + @("-m", "venv", $venv))
$vpython = Join-Path $venv "Scripts\python.exe"
$install = @("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links", "$here\wheels")
Invoke-Checked $vpython ($install + @("--require-hashes", "-r", "$here\requirements.txt"))
$own = (Get-ChildItem "$here\wheels\wheeltapper-*.whl")[0].FullName
Invoke-Checked $vpython ($install + @("--no-deps", $own))
foreach ($one in "docs", "config", "deploy", "licences", "LICENSE", "NOTICE") { Copy-Item -Recurse "$here\$one" $target }
Invoke-Checked (Join-Path $venv "Scripts\wheeltapper.exe") @("--version")
Set-Content -Path (Join-Path $Root "current.txt") -Value $name
Write-Host "installed: $venv\Scripts\wheeltapper.exe"
