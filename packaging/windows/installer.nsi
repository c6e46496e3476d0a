; The installer of Windows: for the current user alone, so no administrator is asked.
;
;   makensis -DVERSION=0.1.0 -DPROGRAM=…\portcullis.exe -DLICENCES=…\THIRD-PARTY.txt \
;       -DOUTPUT=…\portcullis_0.1.0_x64-setup.exe packaging\windows\installer.nsi
;
; Paths start at this directory, so those are best given in full. `packaging/build licences`
; makes the list of licences. /S installs and uninstalls without a window. Debian's makensis
; does the same as the one of Windows; its -X"Target amd64-unicode" makes an installer that a
; Wine without 32 bits can run.
Unicode true
SetCompressor /SOLID lzma

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include WordFunc.nsh

!define UNINSTALL Software\Microsoft\Windows\CurrentVersion\Uninstall\portcullis
; What a string of this installer can hold; a longer PATH is left alone rather than cut.
!define LONGEST_PATH 900

Name portcullis
OutFile "${OUTPUT}"
RequestExecutionLevel user
; Beside the data in $LOCALAPPDATA\portcullis, not in it.
InstallDir $LOCALAPPDATA\Programs\portcullis
InstallDirRegKey HKCU ${UNINSTALL} InstallLocation
ManifestDPIAware true
ShowInstDetails nevershow
ShowUninstDetails nevershow

VIProductVersion ${VERSION}.0
VIAddVersionKey ProductName portcullis
VIAddVersionKey ProductVersion ${VERSION}
VIAddVersionKey FileVersion ${VERSION}
VIAddVersionKey FileDescription "portcullis setup"
VIAddVersionKey LegalCopyright "The portcullis authors"

!define MUI_ICON ..\..\icons\portcullis.ico
!define MUI_UNICON ..\..\icons\portcullis.ico
!define MUI_FINISHPAGE_RUN $INSTDIR\portcullis.exe
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English
!insertmacro MUI_LANGUAGE Japanese
!insertmacro MUI_LANGUAGE SimpChinese

LangString STAYS ${LANG_ENGLISH} "Your own settings and records stay. To remove them as well, delete$\r$\n$APPDATA\portcullis$\r$\n$LOCALAPPDATA\portcullis"
LangString STAYS ${LANG_JAPANESE} "設定と記録は残ります。不要なら次を削除してください。$\r$\n$APPDATA\portcullis$\r$\n$LOCALAPPDATA\portcullis"
LangString STAYS ${LANG_SIMPCHINESE} "您的设置和记录会保留。如需删除,请移除$\r$\n$APPDATA\portcullis$\r$\n$LOCALAPPDATA\portcullis"

Var was_running

; Ends a running agent in its own way, and takes its program once it can be taken.
!macro END_AGENT
    StrCpy $was_running no
    ${If} ${FileExists} $INSTDIR\portcullis.exe
        nsExec::Exec '"$INSTDIR\portcullis.exe" quit'
        Pop $0
        ${If} $0 == 0
            StrCpy $was_running yes
        ${EndIf}
        ; Longer than drain_timeout_secs, within which running requests finish.
        StrCpy $1 0
        ${Do}
            ClearErrors
            Delete $INSTDIR\portcullis.exe
            ${IfNot} ${Errors}
                ${Break}
            ${EndIf}
            Sleep 500
            IntOp $1 $1 + 1
        ${LoopUntil} $1 == 80
    ${EndIf}
!macroend

; Puts this directory on the user's PATH, so that a terminal knows the command (WordAdd and +),
; or takes it off (un.WordAdd and -).
!macro EDIT_PATH word_add sign
    StrCpy $2 0
    System::Call 'advapi32::RegOpenKeyExW(p 0x80000001, w "Environment", i 0, i 1, *p .r1) i .r0'
    ${If} $0 == 0
        System::Call 'advapi32::RegQueryValueExW(p r1, w "Path", p 0, p 0, p 0, *i .r2) i .r0'
        System::Call 'advapi32::RegCloseKey(p r1)'
    ${EndIf}
    StrLen $3 $INSTDIR
    IntOp $2 $2 / 2 ; bytes of UTF-16
    IntOp $2 $2 + $3
    ${If} $2 < ${LONGEST_PATH}
        ReadRegStr $0 HKCU Environment Path
        ${If} $0 != ""
            ${${word_add}} $0 ";" "${sign}$INSTDIR" $1
        ${ElseIf} ${sign} == "+"
            StrCpy $1 $INSTDIR
        ${Else}
            StrCpy $1 ""
        ${EndIf}
        ${If} $1 != $0
            ${If} $1 == ""
                DeleteRegValue HKCU Environment Path
            ${Else}
                WriteRegExpandStr HKCU Environment Path $1
            ${EndIf}
            SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 STR:Environment /TIMEOUT=1000
        ${EndIf}
    ${EndIf}
!macroend

Section
    !insertmacro END_AGENT
    SetOutPath $INSTDIR
    File "/oname=portcullis.exe" "${PROGRAM}"
    File ..\..\LICENSE
    File "/oname=THIRD-PARTY.txt" "${LICENCES}"
    WriteUninstaller $INSTDIR\uninstall.exe
    CreateShortcut $SMPROGRAMS\portcullis.lnk $INSTDIR\portcullis.exe
    !insertmacro EDIT_PATH WordAdd "+"
    ${GetSize} $INSTDIR "/S=0K" $0 $1 $2
    WriteRegStr HKCU ${UNINSTALL} DisplayName portcullis
    WriteRegStr HKCU ${UNINSTALL} DisplayVersion ${VERSION}
    WriteRegStr HKCU ${UNINSTALL} DisplayIcon $INSTDIR\portcullis.exe
    WriteRegStr HKCU ${UNINSTALL} Publisher "The portcullis authors"
    WriteRegStr HKCU ${UNINSTALL} InstallLocation $INSTDIR
    WriteRegStr HKCU ${UNINSTALL} UninstallString '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU ${UNINSTALL} QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU ${UNINSTALL} EstimatedSize $0
    WriteRegDWORD HKCU ${UNINSTALL} NoModify 1
    WriteRegDWORD HKCU ${UNINSTALL} NoRepair 1
    ${If} $was_running == yes
        Exec '"$INSTDIR\portcullis.exe" --at-login'
    ${EndIf}
SectionEnd

Section Uninstall
    nsExec::Exec '"$INSTDIR\portcullis.exe" autostart off'
    Pop $0
    !insertmacro END_AGENT
    !insertmacro EDIT_PATH un.WordAdd "-"
    Delete $SMPROGRAMS\portcullis.lnk
    Delete $INSTDIR\LICENSE
    Delete $INSTDIR\THIRD-PARTY.txt
    Delete $INSTDIR\uninstall.exe
    RMDir $INSTDIR
    DeleteRegKey HKCU ${UNINSTALL}
    MessageBox MB_OK|MB_ICONINFORMATION $(STAYS) /SD IDOK
SectionEnd
