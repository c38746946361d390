-- The bridge inside FCEUX: one script for every game. FCEUX starts it with --loadlua. Its Lua is 5.1.
--
-- It opens two named pipes, says hello, takes its configuration, and from then on answers requests: one reply a request,
-- both binary, little endian, each preceded by its length. The requests and replies are described in
-- bridge_protocol.py; the two files change together and share PROTOCOL.
--
-- FCEUX emulates a frame only while this script waits in `emu.frameadvance`, so a read that waits stops the machine.
-- What is pressed has to be said again for every frame.

local PROTOCOL = 3
local MAGIC = "QUARTRUP"
local OK, FAILED = 0, 1
local STEP, WRITE, SAVE, LOAD, DROP, EXPORT, IMPORT, RESET, LOOK = 1, 2, 3, 4, 5, 6, 7, 8, 9

local WIDTH, HEIGHT = 256, 240
local REPLY_BUFFER_BYTES = 262144 -- a reply in one write, pictures too
local HEADER_BYTES = 16 -- of the ROM's file
local BUTTONS = { "Up", "Down", "Left", "Right", "A", "B", "Select", "Start" }
local MASKS = { Up = 16, Down = 32, Left = 64, Right = 128, A = 1, B = 2, Select = 4, Start = 8 } -- as FCEUX counts them
local IN_LUA = { Up = "up", Down = "down", Left = "left", Right = "right", A = "A", B = "B", Select = "select",
	Start = "start" }

local folder = os.getenv("QUARTERUP_PIPES")
local visible = os.getenv("QUARTERUP_VISIBLE") == "1"
local state_file = folder .. "/exchange.state" -- there only while a state is exported or imported

local requests, replies
local states, readers = {}, {}
local picture = false
local frame_header -- length and status of a step's reply
local pads = { {}, {} }
local last_step, last_frames

------------------------------------------------------------------------------------------------------- numbers and text

local char, floor = string.char, math.floor

local function u16(value) return char(value % 256, floor(value / 256)) end

local function u32(value)
	return char(value % 256, floor(value / 256) % 256, floor(value / 65536) % 256, floor(value / 16777216))
end

local EIGHT_ZEROS = ("\0"):rep(8)

local function text(value) return u16(#value) .. value end

local function read_u16(data, at)
	local low, high = data:byte(at, at + 1)
	return low + high * 256, at + 2
end

local function read_u32(data, at)
	local a, b, c, d = data:byte(at, at + 3)
	return a + b * 256 + c * 65536 + d * 16777216, at + 4
end

local function read_text(data, at)
	local length
	length, at = read_u16(data, at)
	return data:sub(at, at + length - 1), at + length
end

--------------------------------------------------------------------------------------------------------- the connection

local function reply(status, body)
	replies:write(u32(#body + 4), u32(status), body)
	replies:flush()
end

-- Returns the next request's code and body, or nil when the other side is gone.
local function next_request()
	local header = requests:read(4)
	if not header or #header < 4 then return nil end
	local length = read_u32(header, 1)
	local request = requests:read(length)
	if not request or #request < length then return nil end
	return request:byte(1), request
end

-- FCEUX prints into a buffer, and whoever reads its log is to see why it did not start.
local function leave(problem)
	if problem then io.stderr:write("quarterup's bridge: ", problem, "\n") end
	io.stdout:flush()
	os.exit(problem and 1 or 0)
end

----------------------------------------------------------------------------------------------------------------- memory

-- What is behind the header of the ROM's file.
local function rom_content()
	local file = assert(io.open(os.getenv("QUARTERUP_ROM"), "rb"))
	local content = file:read("*a")
	file:close()
	return content:sub(HEADER_BYTES + 1)
end

local function find_space(device, space)
	if device == ":maincpu" and space == "program" then return memory.readbyterange, 0x10000 end
	if device == ":ppu" and space == "videoram" then return ppu.readbyterange, 0x4000 end
	if device == ":rom" and space == "program" then
		local content = rom_content()
		return function(start, size) return content:sub(start + 1, start + size) end, #content
	end
	error("FCEUX has no device '" .. device .. "' with space '" .. space .. "', only: :maincpu with program, "
		.. ":ppu with videoram, :rom with program", 0)
end

local function check_inside(last, bytes)
	if last >= bytes then
		error(string.format("address 0x%X is outside the space, which ends at 0x%X", last, bytes - 1), 0)
	end
end

-- A function that reads a range. With a stride it reads all of it, and drops what is between.
local function reader(read, bytes, start, size, stride)
	local span = (size - 1) * stride + 1
	check_inside(start + span - 1, bytes)
	if stride == 1 then return function() return read(start, size) end end
	local kept, padding = "(.)" .. ("."):rep(stride - 1), ("\0"):rep(stride - 1)
	return function() return ((read(start, span) .. padding):gsub(kept, "%1")) end
end

-------------------------------------------------------------------------------------------------------------- the hello

local function pack_field(player, button)
	return text("pad" .. player) .. text("P" .. player .. " " .. button) .. text("controller") .. "\0"
		.. u32(MASKS[button]) .. EIGHT_ZEROS .. EIGHT_ZEROS .. EIGHT_ZEROS .. char(player - 1) .. u16(0)
end

-- Version, names, picture rate and shape are known outside.
local function hello()
	local fields = {}
	for player = 1, 2 do
		for _, button in ipairs(BUTTONS) do fields[#fields + 1] = pack_field(player, button) end
	end
	return MAGIC .. u16(PROTOCOL) .. text("") .. text("") .. text("") .. u16(WIDTH) .. u16(HEIGHT) .. EIGHT_ZEROS
		.. EIGHT_ZEROS .. u16(#fields) .. table.concat(fields)
end

local function screen() return gui.gdscreenshot(true) end -- true: without what FCEUX itself writes upon it

local function configure(body)
	if body:sub(1, 8) ~= MAGIC or read_u16(body, 9) ~= PROTOCOL then
		error("the other side speaks another protocol", 0)
	end
	picture = body:byte(11) ~= 0
	local at, bytes = 13, 0
	for index = 1, body:byte(12) do
		local device, space, start, start_high, size, stride
		device, at = read_text(body, at)
		space, at = read_text(body, at)
		start, at = read_u32(body, at)
		start_high, at = read_u32(body, at)
		size, at = read_u32(body, at)
		stride, at = read_u32(body, at)
		local read, space_bytes = find_space(device, space)
		readers[index] = reader(read, space_bytes, start + start_high * 4294967296, size, stride)
		bytes = bytes + size
	end
	if picture then bytes = bytes + #screen() end
	frame_header = u32(bytes + 12) .. u32(OK)
	return u16(WIDTH) .. u16(HEIGHT) .. u16(0) .. "\0\0"
end

----------------------------------------------------------------------------------------------------------- the requests

local immediate = {}

immediate[WRITE] = function(request)
	local device, space, start, start_high, length, at
	device, at = read_text(request, 2)
	space, at = read_text(request, at)
	start, at = read_u32(request, at)
	start_high, at = read_u32(request, at)
	length, at = read_u32(request, at)
	local _, bytes = find_space(device, space)
	if device ~= ":maincpu" then error("FCEUX lets only the memory of :maincpu be written, not that of " .. device, 0) end
	check_inside(start + start_high * 4294967296 + length - 1, bytes)
	for offset = 0, length - 1 do memory.writebyte(start + offset, request:byte(at + offset)) end
	return ""
end

local function find_state(id) return states[id] or error("no such state", 0) end

immediate[SAVE] = function(request)
	local state = savestate.create(state_file) -- with no such file it is in memory only
	savestate.save(state)
	states[read_u32(request, 2)] = state
	return ""
end

immediate[LOAD] = function(request)
	savestate.load(find_state(read_u32(request, 2)))
	return ""
end

immediate[DROP] = function(request)
	states[read_u32(request, 2)] = nil
	collectgarbage() -- Lua does not know how large a state is
	return ""
end

immediate[EXPORT] = function(request)
	savestate.persist(find_state(read_u32(request, 2)))
	local file = assert(io.open(state_file, "rb"))
	local data = file:read("*a")
	file:close()
	os.remove(state_file)
	return data
end

immediate[IMPORT] = function(request)
	local id, at = read_u32(request, 2)
	local file = assert(io.open(state_file, "wb"))
	file:write(request:sub(at + 4))
	file:close()
	states[id] = savestate.create(state_file)
	os.remove(state_file)
	return ""
end

immediate[RESET] = function(request)
	if request:byte(2) == 1 then emu.poweron() else emu.softreset() end
	return ""
end

immediate[LOOK] = function() return screen() end

local function answer(action, request)
	local fine, body = pcall(action, request)
	if fine then reply(OK, body) else reply(FAILED, tostring(body)) end
end

-- Says of every button whether it is pressed. Where a person looks on, one that is not is left to the keyboard.
local function hold(request)
	local count, released = read_u16(request, 6), nil
	if not visible then released = false end
	for _, pad in ipairs(pads) do
		for _, button in ipairs(BUTTONS) do pad[IN_LUA[button]] = released end
	end
	local at = 8
	for _ = 1, count do
		local index, value
		index, at = read_u16(request, at)
		value, at = read_u32(request, at)
		if value ~= 0 then pads[floor(index / #BUTTONS) + 1][IN_LUA[BUTTONS[index % #BUTTONS + 1]]] = true end
	end
end

local parts = {}

local function send_frame()
	local count = #readers
	for index = 1, count do parts[index] = readers[index]() end
	if picture then
		count = count + 1
		parts[count] = screen()
	end
	replies:write(frame_header, u32(emu.framecount()), "\0\0\0\0", unpack(parts, 1, count))
	replies:flush()
end

-- Not under pcall: Lua 5.1 cannot wait for a frame within one.
local function step(request)
	if request ~= last_step then
		last_frames = read_u16(request, 2)
		hold(request)
		last_step = request
	end
	local first, second, set, advance = pads[1], pads[2], joypad.set, emu.frameadvance
	for _ = 1, last_frames do
		set(1, first)
		set(2, second)
		advance()
	end
	local fine, problem = pcall(send_frame)
	if not fine then reply(FAILED, tostring(problem)) end
end

local function serve()
	while true do
		local code, request = next_request()
		if code == STEP then
			step(request)
		elseif code == nil then
			leave()
		elseif immediate[code] then
			answer(immediate[code], request)
		else
			reply(FAILED, "unknown request " .. tostring(code))
		end
	end
end

local function open()
	if not (ppu and ppu.readbyterange and emu.exit) then error("this FCEUX is too old", 0) end
	requests = assert(io.open(folder .. "/requests", "rb"))
	replies = assert(io.open(folder .. "/replies", "wb"))
	replies:setvbuf("full", REPLY_BUFFER_BYTES)
	io.stdout:flush()
	emu.speedmode(visible and "normal" or "maximum")
	reply(OK, hello())
	local _, request = next_request()
	if not request then leave() end
	local fine, answered = pcall(configure, request)
	if not fine then
		reply(FAILED, tostring(answered))
		leave(tostring(answered))
	end
	reply(OK, answered)
end

local fine, problem = pcall(open)
if not fine then leave(tostring(problem)) end
-- FCEUX runs this script once before its window is made, and goes on with it before the first frame. So this emulates
-- nothing; from here on each call is one frame.
emu.frameadvance()
serve()
