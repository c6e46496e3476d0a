/* shell32.dll as far as the tray needs it. Wine does not say where an icon is, and without
   that no click arrives: here it is wherever the mouse is. */
#include <windows.h>

HRESULT WINAPI Shell_NotifyIconGetRect(const NOTIFYICONIDENTIFIER *icon, RECT *rect) {
    POINT cursor;
    (void)icon;
    GetCursorPos(&cursor);
    SetRect(rect, cursor.x - 8, cursor.y - 8, cursor.x + 8, cursor.y + 8);
    return S_OK;
}
